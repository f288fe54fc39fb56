using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Cache;

namespace OpsRunbook.Cmdlets;

/// <summary>Lists the commands that a cache itself found slow.</summary>
[Cmdlet(VerbsCommon.Get, "CacheSlowLog")]
[OutputType(typeof(CacheSlowCommand))]
public sealed class GetCacheSlowLogCommand : CacheLookCmdlet
{
    /// <summary>So many entries of each server at the most, the newest.</summary>
    [Parameter]
    [ValidateRange(1, 100_000)]
    public int First { get; set; } = 128;

    /// <inheritdoc/>
    private protected override Task RunAsync(CacheTarget target, IOperationOutput output, CancellationToken cancellationToken) =>
        new SlowLogReader(target, First, output).RunAsync(cancellationToken);
}
