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
    Task<UnitState> GetStateAsync(IHost host, UnitReference unit, CancellationToken cancellationToken);
}
