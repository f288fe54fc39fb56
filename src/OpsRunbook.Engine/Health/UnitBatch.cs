using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Services;

namespace OpsRunbook.Engine.Health;

/// <summary>
/// The units of one manager on one host, asked for together by the first check that needs one: a host
/// reached over SSH has few channels, and pm2 starts a Node.js process for every question.
/// </summary>
/// <param name="kind">The manager.</param>
/// <param name="host">Name of the host; null for this machine.</param>
internal sealed class UnitBatch(ServiceManagerKind kind, string? host)
{
    private readonly object _gate = new();
    private readonly List<UnitReference> _units = [];
    private Task<IReadOnlyList<UnitState>>? _states;

    public ServiceManagerKind Kind => kind;

    public string? Host => host;

    /// <summary>Adds a unit and gives its place. Before the first question only.</summary>
    public int Add(UnitReference unit)
    {
        _units.Add(unit);
        return _units.Count - 1;
    }

    public async Task<UnitState> StateAsync(int index, IHost from, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            _states ??= ServiceManagers.Get(kind).GetStatesAsync(from, _units, cancellationToken);
        }

        return (await _states.WaitAsync(cancellationToken))[index];
    }
}
