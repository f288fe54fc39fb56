namespace OpsRunbook;

/// <summary>What a service left behind that did not start or does not stay up.</summary>
public sealed class ServiceEvidence
{
    /// <summary>Exit code of its last run; 128 + n for signal n; null when not known.</summary>
    public int? ExitCode { get; init; }

    /// <summary>Restarts since the action; null when the manager does not count.</summary>
    public int? Restarts { get; init; }

    /// <summary>Last lines of its log, the newest last, what looks like a secret replaced by <c>***</c>. Empty when there are none.</summary>
    public IReadOnlyList<string> Log { get; init; } = [];

    /// <summary>Who holds a port that the service wants: <c>port 3000 is held by nginx (pid 812)</c>; null when it is not that.</summary>
    public string? PortConflict { get; init; }
}
