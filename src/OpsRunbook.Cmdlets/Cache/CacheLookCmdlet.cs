using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Cache;

namespace OpsRunbook.Cmdlets;

/// <summary>A cmdlet that looks at caches, all of them at once.</summary>
public abstract class CacheLookCmdlet : CacheCmdlet
{
    private readonly List<string> _names = [];

    /// <summary>Names of caches of the stack, with wildcards. Without it: all of them.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Cache")]
    [ArgumentCompleter(typeof(StackMemberCompleter))]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

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
        Check();
        await using var session = await OpenAsync(output, cancellationToken);
        await Task.WhenAll(Select(session, _names, Number, output).Select(target => AttemptAsync(output, () => RunAsync(target, output, cancellationToken))));
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
}
