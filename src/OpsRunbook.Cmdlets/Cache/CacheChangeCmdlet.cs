using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Cache;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Cmdlets;

/// <summary>
/// A cmdlet that changes something in a cache. It never takes a cache for granted where there are several. Its class declares
/// <c>SupportsShouldProcess</c>.
/// </summary>
public abstract class CacheChangeCmdlet : CacheCmdlet
{
    /// <summary>Names of caches of the stack, with wildcards. May be left out where there is only one.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [Alias("Cache")]
    [ArgumentCompleter(typeof(StackMemberCompleter))]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <inheritdoc cref="ChangeCmdlet.Reason"/>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Reason { get; set; }

    /// <inheritdoc cref="ChangeCmdlet.Force"/>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>The one road for the changes of this call.</summary>
    private protected Task<ChangeRunner> OpenChangesAsync(StackSession session, IOperationOutput output, CancellationToken cancellationToken) =>
        OpenChangesAsync(session, Reason, On(Force), output, cancellationToken);

    /// <summary>Changes one cache after the other.</summary>
    /// <param name="session">The stack in use.</param>
    /// <param name="names">Names of the caches with wildcards.</param>
    /// <param name="database">Number of the database; null for that of the stack.</param>
    /// <param name="output">Takes an error for each name that fits nothing, and for each cache that refuses.</param>
    /// <param name="change">The work on one cache.</param>
    /// <returns>A task that ends with the last cache.</returns>
    /// <exception cref="OpsException"><c>Cache.NameMissing</c>: there are several and none is named.</exception>
    private protected async Task ChangeEachAsync(
        StackSession session, IReadOnlyList<string> names, int? database, IOperationOutput output, Func<CacheTarget, Task> change)
    {
        var targets = Select(session, names, database, output);
        if (targets.Count > 1 && names.Count == 0 && Uri.Length == 0)
        {
            throw new OpsException(
                "Cache.NameMissing",
                OpsErrorKind.InvalidArgument,
                $"The stack '{session.Stack.Name}' has several caches: {string.Join(", ", targets.Select(target => target.Name))}.",
                "Say which with -Name.");
        }

        foreach (var target in targets)
        {
            await AttemptAsync(output, () => change(target));
        }
    }
}
