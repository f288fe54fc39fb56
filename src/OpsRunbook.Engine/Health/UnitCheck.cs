using OpsRunbook.Engine.Services;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Health;

/// <summary>The state of a unit, application, container or process as its manager reports it.</summary>
internal sealed class UnitCheck : IHealthCheck
{
    private readonly UnitBatch _batch;
    private readonly UnitReference _unit;
    private readonly int _index;
    private readonly int? _expected;

    public UnitCheck(UnitBatch batch, UnitReference unit, int? expected, TimeSpan timeout)
    {
        _batch = batch;
        _unit = unit;
        _expected = expected;
        _index = batch.Add(unit);
        Timeout = timeout;
    }

    public string Name => "unit";

    public TimeSpan Timeout { get; }

    public async Task<CheckResult> RunAsync(StackSession session, CancellationToken cancellationToken)
    {
        try
        {
            var state = await _batch.StateAsync(_index, session.Host(_batch.Host), cancellationToken);
            var few = state.Status == HealthStatus.Healthy && state.Instances < _expected;
            return new CheckResult
            {
                Name = Name,
                Status = few ? HealthStatus.Warning : state.Status,
                Message = few ? $"{Message(state)}; {state.Instances} of {_expected} instances run" : Message(state),
                Reason = few ? "Service.TooFewInstances" : state.Reason,
                Target = _unit.Name,
                Measurements = Measurements(state),
            };
        }
        catch (OpsException error)
        {
            return CheckResults.From(Name, error, _unit.Name);
        }
    }

    private string Message(UnitState state)
    {
        var message = $"{_batch.Kind.ToString().ToLowerInvariant()}: {Display.Text(state.State)}";
        if (state.Since is { } since && DateTime.UtcNow - since is { Ticks: > 0 } age)
        {
            message += $" for {Duration.Format(age)}";
        }

        return state.Restarts > 0 ? $"{message}, {(state.Restarts == 1 ? "1 restart" : $"{state.Restarts} restarts")}" : message;
    }

    private static List<Measurement> Measurements(UnitState state)
    {
        var measurements = new List<Measurement> { new("instances", state.Instances, Minimum: 0) };
        if (state.Restarts is { } restarts)
        {
            measurements.Add(new Measurement("restarts", restarts, "c", Minimum: 0));
        }

        if (state.MemoryBytes is { } memory)
        {
            measurements.Add(new Measurement("memory", memory, "B", Minimum: 0));
        }

        return measurements;
    }
}
