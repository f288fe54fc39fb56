using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Cache;

namespace OpsRunbook.Cmdlets;

/// <summary>Measures how long caches take to answer, for a limited time: percentiles and histogram.</summary>
[Cmdlet(VerbsDiagnostic.Measure, "CacheLatency")]
[OutputType(typeof(CacheLatency))]
public sealed class MeasureCacheLatencyCommand : CacheLookCmdlet
{
    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(1);

    /// <summary>How long it is measured.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan For { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>From one ping to the next.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan Every { get; set; } = TimeSpan.FromMilliseconds(10);

    /// <inheritdoc/>
    private protected override void Check()
    {
        if (For <= TimeSpan.Zero || For > Longest)
        {
            throw Unusable($"-For {Duration.Format(For)} cannot be measured.", "Give a time above zero and up to 1h, for example 10s.");
        }

        if (Every < Shortest || Every > For)
        {
            throw Unusable($"-Every {Duration.Format(Every)} does not fit.", "Give at least 1ms and no more than -For.");
        }
    }

    /// <inheritdoc/>
    private protected override Task RunAsync(CacheTarget target, IOperationOutput output, CancellationToken cancellationToken) =>
        new LatencyMeter(target, For, Every, output).RunAsync(cancellationToken);
}
