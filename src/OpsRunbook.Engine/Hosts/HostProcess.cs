namespace OpsRunbook.Engine.Hosts;

/// <summary>A process as read from <c>/proc</c>.</summary>
/// <param name="Pid">Process id.</param>
/// <param name="ParentPid">Process id of the parent.</param>
/// <param name="Name">Short name (<c>comm</c>).</param>
/// <param name="CommandLine">Arguments; empty for a kernel thread. May hold secrets of badly written programs: redact before showing.</param>
/// <param name="User">Owner's name, or the number when it has none.</param>
/// <param name="State">One letter as in <c>/proc/PID/stat</c>.</param>
/// <param name="StartTime">Start, UTC. With the id it identifies the process even when the id is used again.</param>
/// <param name="CpuTime">CPU time used since the start.</param>
/// <param name="ResidentBytes">Resident memory in bytes.</param>
/// <param name="ControlGroup">Path of its control group; empty when it has none.</param>
public sealed record HostProcess(
    int Pid,
    int ParentPid,
    string Name,
    IReadOnlyList<string> CommandLine,
    string User,
    char State,
    DateTime StartTime,
    TimeSpan CpuTime,
    long ResidentBytes,
    string ControlGroup);
