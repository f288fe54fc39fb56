using System.Collections.Concurrent;
using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Health;
using OpsRunbook.Engine.Metrics;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Cmdlets;

/// <summary>Reads the metrics of applications, or watches how they grow.</summary>
[Cmdlet(VerbsCommon.Get, "AppMetric", DefaultParameterSetName = "Stack")]
[OutputType(typeof(AppMetric), typeof(AppMetricGrowth))]
public sealed class GetAppMetricCommand : StackCmdlet
{
    private readonly List<string> _names = [];
    private readonly ConcurrentDictionary<string, bool> _seen = new(StringComparer.Ordinal);

    /// <summary>Names of metrics, with wildcards. Without it: all of them.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <summary>Addresses of pages in the Prometheus exposition format.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Uri")]
    [ValidateNotNullOrEmpty]
    public string[] Uri { get; set; } = [];

    /// <summary>User and password for the addresses of -Uri.</summary>
    [Parameter(ParameterSetName = "Uri")]
    [Credential]
    public PSCredential? Credential { get; set; }

    /// <summary>Services of the stack, with wildcards. Without it: every service that has a metrics address.</summary>
    [Parameter(ParameterSetName = "Stack")]
    [ArgumentCompleter(typeof(StackMemberCompleter))]
    [SupportsWildcards]
    public string[] Service { get; set; } = ["*"];

    /// <summary>Watches the metrics for this time and emits how they grew.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan Over { get; set; }

    /// <summary>From one reading of -Over to the next.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan Every { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Longest time for one scrape.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    protected override Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        _names.AddRange(Name);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    protected override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        if (Every <= TimeSpan.Zero || Timeout <= TimeSpan.Zero || (IsBound(nameof(Over)) && Over < Every))
        {
            throw new OpsException(
                "Metric.ParameterInvalid",
                OpsErrorKind.InvalidArgument,
                "-Every and -Timeout must be longer than nothing, and -Over at least as long as -Every.",
                "Write for example -Over 5m -Every 15s.");
        }

        await using var session = Uri.Length > 0 ? new StackSession(new OpsStack()) : await OpenStackAsync(output, cancellationToken);
        var sources = Sources(session.Stack, output);
        var metrics = new MetricReader(session, output, sources, IsWanted);
        await (IsBound(nameof(Over)) ? metrics.WatchAsync(Over, Every, cancellationToken) : metrics.ReadAsync(cancellationToken));
        foreach (var name in _names.Where(name => !_seen.IsEmpty && !_seen.Keys.Any(metric => NameFilter.Fits(name, metric))))
        {
            output.Error(new OpsException(
                "Metric.NotFound",
                OpsErrorKind.NotFound,
                $"No page has a metric '{name}'.",
                Nearest.Find(name, _seen.Keys) is { } nearest ? $"Did you mean '{nearest}'?" : "Leave out -Name to see all of them.",
                name));
        }
    }

    private bool IsWanted(string metric)
    {
        _seen.TryAdd(metric, true);
        return _names.Count == 0 || _names.Exists(name => NameFilter.Fits(name, metric));
    }

    private List<MetricSource> Sources(OpsStack stack, IOperationOutput output)
    {
        var authorization = Credentials(Credential) is { } credential ? HealthTarget.BasicAuthorization(credential) : null;
        return Uri.Length > 0
            ? [.. Uri.Select(uri => new MetricSource(uri) { Authorization = authorization, Timeout = Timeout })]
            : MetricReader.SourcesOf(stack, Service, Timeout, output);
    }
}
