using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Services;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Engine.Tests.Safety;

namespace OpsRunbook.Engine.Tests.Services;

/// <summary>Acts on the services of a stack and keeps all that was said and recorded.</summary>
internal sealed class ServiceRun(OpsStack stack, bool whatIf = false) : IAsyncDisposable
{
    /// <summary>Latency is no finding: how fast this machine is at the moment is not what is tested.</summary>
    public static readonly Threshold NoLatency = new(null, null);

    public RecordedOutput Output { get; } = new() { IsWhatIf = whatIf };

    public MemoryJournal Journal { get; } = new();

    public StackSession Session { get; } = new(stack);

    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(1);

    public bool Force { get; init; }

    public IReadOnlyList<ServiceChange> Results => Output.Items.OfType<ServiceChange>().ToList();

    public IReadOnlyList<OpsPlanStep> Plan => Output.Items.OfType<OpsPlanStep>().ToList();

    public IReadOnlyList<string> ErrorIds => Output.Errors.Select(error => error.Id).ToList();

    private ChangeRunner Changes => new(Output, Journal, new ChangeOrigin("Test", stack.Name, "test", Force));

    /// <summary>Acts, and gives the result when there is exactly one.</summary>
    public async Task<ServiceChange?> ActAsync(ServiceAction action, params string[] names)
    {
        await new ServiceOperator(Session, Changes, Output, Timeout).RunAsync(action, Targets(names), downFirst: names.Length == 0, default);
        return Results.Count == 1 ? Results[0] : null;
    }

    public async Task<ServiceChange?> ScaleAsync(string name, int instances)
    {
        await new ServiceScaler(Session, Changes, Output, Timeout).ScaleAsync(Targets(name)[0], instances, default);
        return Results.Count == 1 ? Results[0] : null;
    }

    public async Task<ServiceLimitChange?> LimitAsync(string name, long? memory = null, double? cpus = null, bool temporary = false)
    {
        await new ServiceLimiter(Session, Changes, Output, Timeout).SetAsync(Targets(name)[0], memory, cpus, temporary, default);
        return Output.Items.OfType<ServiceLimitChange>().LastOrDefault();
    }

    public async Task<OpsService> ReadAsync(string name)
    {
        var output = new RecordedOutput();
        await ServiceReader.ReadAsync(Session, Targets(name), ServiceReader.DefaultSample, output, default);
        return Assert.IsType<OpsService>(Assert.Single(output.Items));
    }

    public ValueTask DisposeAsync() => Session.DisposeAsync();

    private IReadOnlyList<ServiceTarget> Targets(params string[] names) =>
        names.Length == 0 ? ServiceTargets.Of(stack) : ServiceTargets.Select(stack, names, Output);
}
