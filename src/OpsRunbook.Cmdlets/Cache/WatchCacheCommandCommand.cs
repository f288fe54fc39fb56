using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Cache;

namespace OpsRunbook.Cmdlets;

/// <summary>Shows the commands that caches carry out, for a limited time and number.</summary>
[Cmdlet("Watch", "CacheCommand")]
[OutputType(typeof(CacheCommand))]
public sealed class WatchCacheCommandCommand : CacheLookCmdlet
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    /// <summary>Longest time.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan For { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>So many commands of each cache at the most.</summary>
    [Parameter]
    [ValidateRange(1, 1_000_000)]
    public int First { get; set; } = 1000;

    /// <summary>Only these commands, with wildcards: <c>FLUSH*</c>.</summary>
    [Parameter]
    [SupportsWildcards]
    public string[] Command { get; set; } = [];

    /// <inheritdoc/>
    private protected override void Check()
    {
        if (For <= TimeSpan.Zero || For > Longest)
        {
            throw Unusable($"-For {Duration.Format(For)} is no time to watch.", "Give a time above zero and up to 10m: a watched server is a slow one.");
        }
    }

    /// <inheritdoc/>
    private protected override Task RunAsync(CacheTarget target, IOperationOutput output, CancellationToken cancellationToken) =>
        new CommandWatch(target, For, First, Command, output).RunAsync(cancellationToken);
}
