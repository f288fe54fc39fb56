using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Services;

/// <summary>A service manager of one host: systemd, pm2, compose, Docker, or plain processes.</summary>
public interface IServiceManager
{
    /// <summary>Which manager it is.</summary>
    ServiceManagerKind Kind { get; }

    /// <summary>The present state of a unit. A unit that does not exist is a state, not an exception.</summary>
    /// <param name="host">Host it runs on.</param>
    /// <param name="unit">Which unit.</param>
    /// <param name="cancellationToken">Ends the question.</param>
    /// <returns>The state.</returns>
    /// <exception cref="OpsException">The manager itself cannot be asked: <c>Service.ManagerUnavailable</c>, or a host error.</exception>
    async Task<UnitState> GetStateAsync(IHost host, UnitReference unit, CancellationToken cancellationToken) =>
        (await GetStatesAsync(host, [unit], cancellationToken))[0];

    /// <summary>The present states of several units of one user, asked for at once.</summary>
    /// <param name="host">Host they run on.</param>
    /// <param name="units">Which units; all with the same <see cref="UnitReference.User"/>.</param>
    /// <param name="cancellationToken">Ends the question.</param>
    /// <returns>The states in the order of the units.</returns>
    /// <exception cref="OpsException">The manager itself cannot be asked: <c>Service.ManagerUnavailable</c>, or a host error.</exception>
    Task<IReadOnlyList<UnitState>> GetStatesAsync(IHost host, IReadOnlyList<UnitReference> units, CancellationToken cancellationToken);
}
