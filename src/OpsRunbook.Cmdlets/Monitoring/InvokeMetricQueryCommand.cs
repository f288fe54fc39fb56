using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Monitoring;

namespace OpsRunbook.Cmdlets;

/// <summary>Asks Prometheus for the value of an expression, at a moment or over a time.</summary>
[Cmdlet(VerbsLifecycle.Invoke, "MetricQuery", DefaultParameterSetName = "Instant")]
[OutputType(typeof(MetricSample))]
public sealed class InvokeMetricQueryCommand : PrometheusCmdlet
{
    // As many points as Prometheus's own graph shows.
    private const int UsualPoints = 250;

    /// <summary>PromQL.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [ValidateNotNullOrEmpty]
    public string Query { get; set; } = string.Empty;

    /// <summary>Value at this moment, or so long ago. Without it: now.</summary>
    [Parameter(ParameterSetName = "Instant")]
    public object? Time { get; set; }

    /// <summary>Values from this moment on, or from so long ago.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Range")]
    public object? Since { get; set; }

    /// <summary>Values up to this moment. Without it: now.</summary>
    [Parameter(ParameterSetName = "Range")]
    public object? Until { get; set; }

    /// <summary>From one value to the next. Without it: about 250 values.</summary>
    [Parameter(ParameterSetName = "Range")]
    [DurationTransform]
    public TimeSpan Step { get; set; }

    /// <inheritdoc/>
    protected override async Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        RequirePositive(Step);
        await using var session = await OpenStackAsync(output, cancellationToken, discover: false);
        var prometheus = Prometheus(session);
        if (LogMoment.Read(Since, nameof(Since)) is not { } since)
        {
            foreach (var sample in await prometheus.InstantAsync(Query, LogMoment.Read(Time, nameof(Time)), cancellationToken))
            {
                await output.WriteAsync(sample, cancellationToken);
            }

            return;
        }

        var until = LogMoment.Read(Until, nameof(Until)) ?? DateTime.UtcNow;
        if (until <= since)
        {
            throw new OpsException("Prometheus.TimeInvalid", OpsErrorKind.InvalidArgument, "-Since is not before -Until.", "Write for example -Since 6h -Until 1h.");
        }

        var step = IsBound(nameof(Step)) ? Step : TimeSpan.FromSeconds(Math.Max(1, Math.Ceiling((until - since).TotalSeconds / UsualPoints)));
        await foreach (var sample in prometheus.RangeAsync(Query, since, until, step, cancellationToken))
        {
            await output.WriteAsync(sample, cancellationToken);
        }
    }
}
