using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Cache;

namespace OpsRunbook.Cmdlets;

/// <summary>Reports memory, eviction, hits, persistence, clients and replication of caches.</summary>
[Cmdlet(VerbsCommon.Get, "CacheStatus")]
[OutputType(typeof(CacheStatus))]
public sealed class GetCacheStatusCommand : CacheLookCmdlet
{
    private static readonly TimeSpan LongestSample = TimeSpan.FromHours(1);

    /// <summary>How long hits, evictions and commands are counted.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan Sample { get; set; } = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    private protected override void Check()
    {
        if (Sample <= TimeSpan.Zero || Sample > LongestSample)
        {
            throw Unusable($"A sample of {Duration.Format(Sample)} cannot be taken.", "Give a time above zero and up to 1h, for example 1s or 1m.");
        }
    }

    /// <inheritdoc/>
    private protected override Task RunAsync(CacheTarget target, IOperationOutput output, CancellationToken cancellationToken) =>
        new CacheStatusReader(target, Sample, output).RunAsync(cancellationToken);
}
