using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Logs.Measuring;

namespace OpsRunbook.Cmdlets;

/// <summary>Sums up what a web server did: status codes, latency, routes, clients, over time.</summary>
[Cmdlet(VerbsDiagnostic.Measure, "AccessLog", DefaultParameterSetName = "Stack")]
[OutputType(typeof(AccessLogMeasurement), typeof(AccessLogRoute), typeof(AccessLogClient), typeof(AccessLogBucket))]
public sealed class MeasureAccessLogCommand : LogFilterCmdlet
{
    /// <summary>One object with everything, or one for each route, client or stretch of time.</summary>
    [Parameter]
    public AccessLogBy By { get; set; }

    /// <summary>Length of the lists of routes and clients.</summary>
    [Parameter]
    [ValidateRange(1, 100_000)]
    public int Top { get; set; } = 10;

    /// <summary>Length of a stretch of time. Without it there are about 24 of them.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan Bucket { get; set; }

    /// <inheritdoc/>
    protected override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        if (IsBound(nameof(Bucket)) && Bucket < TimeSpan.FromSeconds(1))
        {
            throw Unusable("-Bucket must be at least a second.", "Write for example 1m or 1h.");
        }

        var query = Filtered();
        var measure = new AccessLogMeasure(query, IsBound(nameof(Bucket)) ? Bucket : null, Top, output);
        await WithSourcesAsync(
            query.Since,
            async sources =>
            {
                if (await measure.RunAsync(sources, cancellationToken) is not { } result)
                {
                    return;
                }

                IEnumerable<object> items = By switch
                {
                    AccessLogBy.Route => result.TopRoutes,
                    AccessLogBy.Client => result.TopClients,
                    AccessLogBy.Time => result.Buckets,
                    _ => [result],
                };
                foreach (var item in items)
                {
                    await output.WriteAsync(item, cancellationToken);
                }
            },
            output,
            cancellationToken);
    }
}
