namespace OpsRunbook;

/// <summary>One instance of a service. Its id and start tell it from a later one.</summary>
/// <param name="Id">The manager's id: container id, pm2 id; the process id where it has none.</param>
/// <param name="Name">The manager's name for it.</param>
/// <param name="State">The manager's own word for its state.</param>
/// <param name="Pid">Its first process; null when it does not run or is not known.</param>
/// <param name="Since">Start of its present run, or end of its last one, UTC; null when not known.</param>
/// <param name="Restarts">Restarts that the manager counted; null when it does not count.</param>
/// <param name="ExitCode">Exit code of its last run; null while it runs or when not known.</param>
public sealed record ServiceInstance(
    string Id,
    string Name,
    string State,
    int? Pid = null,
    DateTime? Since = null,
    int? Restarts = null,
    int? ExitCode = null);
