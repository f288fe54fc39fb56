using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Monitoring;

namespace OpsRunbook.Cmdlets;

/// <summary>Compares the metrics of a stack with their limits.</summary>
[Cmdlet(VerbsDiagnostic.Test, "MetricThreshold")]
[OutputType(typeof(MetricReading))]
public sealed class TestMetricThresholdCommand : PrometheusCmdlet
{
    private readonly List<string> _names = [];

    /// <summary>Names of metrics of the stack or of the usual ones, with wildcards. Without it: all of them.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <summary>Values at this moment, or so long ago. Without it: now.</summary>
    [Parameter]
    public object? Time { get; set; }

    /// <inheritdoc/>
    protected override Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        _names.AddRange(Name);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    protected override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        await using var session = await OpenStackAsync(output, cancellationToken, discover: false);
        var test = new ThresholdTest(Prometheus(session));
        var time = LogMoment.Read(Time, nameof(Time));
        var filter = new NameFilter(_names);
        foreach (var metric in WatchedMetric.Of(session.Stack).Where(metric => filter.Includes(metric.Name)))
        {
            foreach (var reading in await test.RunAsync(metric, time, cancellationToken))
            {
                await output.WriteAsync(reading, cancellationToken);
            }
        }

        foreach (var error in filter.Unused("Metric.NotFound", "metric"))
        {
            output.Error(error);
        }
    }
}
