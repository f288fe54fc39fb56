using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Cache;

namespace OpsRunbook.Cmdlets;

/// <summary>A cmdlet that looks at caches, all of them at once.</summary>
public abstract class CacheCmdlet : StackCmdlet
{
    private readonly List<string> _names = [];

    /// <summary>Names of caches of the stack, with wildcards. Without it: all of them.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Cache")]
    [ArgumentCompleter(typeof(StackMemberCompleter))]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <summary>Addresses of caches instead of a stack: <c>redis://host:port/database</c>, <c>rediss://</c> for TLS.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] Uri { get; set; } = [];

    /// <summary>User and password for the addresses of -Uri.</summary>
    [Parameter]
    [Credential]
    public PSCredential? Credential { get; set; }

    /// <summary>Longest wait for an answer.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan Timeout { get; set; }

    /// <summary>Number of the database; null for that of the stack.</summary>
    private protected virtual int? Number => null;

    /// <inheritdoc/>
    protected sealed override Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        _names.AddRange(Name);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    protected sealed override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        Check();
        await using var session = Uri.Length > 0 ? CacheAddress.Open(Uri, Credentials(Credential)) : await OpenStackAsync(output, cancellationToken);
        var limit = IsBound(nameof(Timeout)) ? WaitingTime.Require(Timeout, nameof(Timeout)) : (TimeSpan?)null;
        var targets = CacheTarget.Select(session, _names, Number, limit, output);
        await Task.WhenAll(targets.Select(target => LookAsync(target, output, cancellationToken)));
    }

    /// <summary>Refuses parameters that make no sense together.</summary>
    private protected virtual void Check()
    {
    }

    /// <summary>Looks at one cache and emits what there is to say.</summary>
    /// <param name="target">The cache.</param>
    /// <param name="output">Takes the results.</param>
    /// <param name="cancellationToken">Ends the look.</param>
    /// <returns>A task that ends with the last result.</returns>
    private protected abstract Task RunAsync(CacheTarget target, IOperationOutput output, CancellationToken cancellationToken);

    /// <summary>A parameter or a combination that cannot be carried out.</summary>
    private protected static OpsException Unusable(string message, string nextStep) =>
        new("Cache.ParameterInvalid", OpsErrorKind.InvalidArgument, message, nextStep);

    private async Task LookAsync(CacheTarget target, IOperationOutput output, CancellationToken cancellationToken)
    {
        try
        {
            await RunAsync(target, output, cancellationToken);
        }
        catch (OpsException error)
        {
            // One cache that cannot be reached does not end the others' reports.
            output.Error(error);
        }
    }
}
