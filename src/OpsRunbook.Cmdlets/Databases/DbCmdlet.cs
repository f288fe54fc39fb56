using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Databases;

namespace OpsRunbook.Cmdlets;

/// <summary>A cmdlet that looks at databases, all of them at once.</summary>
public abstract class DbCmdlet : StackCmdlet
{
    private readonly List<string> _names = [];

    /// <summary>Names of databases of the stack, with wildcards. Without it: all of them.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Database")]
    [ArgumentCompleter(typeof(StackMemberCompleter))]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <summary>Addresses of databases instead of a stack: <c>postgres://host:port/database</c>, <c>mysql://</c>, <c>mariadb://</c>, <c>mongodb://</c>.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] Uri { get; set; } = [];

    /// <summary>User and password for the addresses of -Uri, or to use instead of the stack's.</summary>
    [Parameter]
    [Credential]
    public PSCredential? Credential { get; set; }

    /// <summary>Longest wait for a connection and for an answer.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan Timeout { get; set; }

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
        await using var session = Uri.Length > 0 ? DatabaseAddress.Open(Uri, Credentials(Credential)) : await OpenStackAsync(output, cancellationToken);
        var limit = IsBound(nameof(Timeout)) ? WaitingTime.Require(Timeout, nameof(Timeout)) : (TimeSpan?)null;
        var members = DatabaseMember.Select(session, _names, limit, Uri.Length > 0 ? null : Credentials(Credential), output);
        await Task.WhenAll(members.Select(member => LookAsync(member, output, cancellationToken)));
    }

    /// <summary>Looks at one database and emits what there is to say.</summary>
    /// <param name="member">The database.</param>
    /// <param name="output">Takes the results.</param>
    /// <param name="cancellationToken">Ends the look.</param>
    /// <returns>A task that ends with the last result.</returns>
    private protected abstract Task RunAsync(DatabaseMember member, IOperationOutput output, CancellationToken cancellationToken);

    private async Task LookAsync(DatabaseMember member, IOperationOutput output, CancellationToken cancellationToken)
    {
        try
        {
            await RunAsync(member, output, cancellationToken);
        }
        catch (OpsException error)
        {
            // One database that cannot be reached does not end the others' reports.
            output.Error(error);
        }
    }
}
