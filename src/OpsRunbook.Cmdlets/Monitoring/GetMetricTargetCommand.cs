using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Monitoring;

namespace OpsRunbook.Cmdlets;

/// <summary>Lists what Prometheus scrapes, and whether that works.</summary>
[Cmdlet(VerbsCommon.Get, "MetricTarget")]
[OutputType(typeof(MetricTarget))]
public sealed class GetMetricTargetCommand : PrometheusCmdlet
{
    private readonly List<string> _names = [];

    /// <summary>Jobs or instances, with wildcards. Without it: all of them.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <summary>Only targets of this status.</summary>
    [Parameter]
    public HealthStatus[] Status { get; set; } = [];

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
        var prometheus = Prometheus(session);
        var filter = new NameFilter(_names);
        foreach (var target in await prometheus.TargetsAsync(cancellationToken))
        {
            if (filter.Includes(target.Job, target.Instance) && (Status.Length == 0 || Status.Contains(target.Status)))
            {
                await output.WriteAsync(target, cancellationToken);
            }
        }

        foreach (var error in filter.Unused("Prometheus.TargetNotFound", "target"))
        {
            output.Error(error);
        }
    }
}
