namespace OpsRunbook.Engine.Services;

/// <summary>State of a unit as its manager reports it.</summary>
/// <param name="Status">The verdict: running well, running badly (restarting, degraded), down.</param>
/// <param name="State">The manager's own words: <c>active (running)</c>, <c>online</c>, <c>exited (137)</c>.</param>
/// <param name="Pid">Main process; null when not running or not known.</param>
/// <param name="Since">Start of the present state, UTC; null when not known.</param>
/// <param name="Restarts">Restarts that the manager counted; null when it does not count.</param>
/// <param name="MemoryBytes">Memory in bytes; null when not known.</param>
/// <param name="Instances">Running instances of a scaled service; 1 for a single one, 0 when down.</param>
/// <param name="Reason">
/// Stable id of the cause when not healthy: <c>Service.NotFound</c>, <c>Service.Masked</c>, <c>Service.Down</c>, <c>Service.Starting</c>,
/// <c>Service.Restarting</c>, <c>Service.Unhealthy</c>; null when healthy.
/// </param>
public sealed record UnitState(
    HealthStatus Status,
    string State,
    int? Pid = null,
    DateTime? Since = null,
    int? Restarts = null,
    long? MemoryBytes = null,
    int Instances = 1,
    string? Reason = null);
