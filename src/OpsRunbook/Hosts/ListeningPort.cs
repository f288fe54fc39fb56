namespace OpsRunbook;

/// <summary>A port on which a host listens, with who holds it and who wants it.</summary>
public sealed class ListeningPort
{
    /// <summary>The stack's name for the host, or <c>local</c>.</summary>
    public string Host { get; init; } = "local";

    /// <summary><c>tcp</c> or <c>udp</c>.</summary>
    public required string Protocol { get; init; }

    /// <summary>Address it is bound to; <c>0.0.0.0</c> and <c>::</c> mean all.</summary>
    public required string Address { get; init; }

    /// <summary>Port.</summary>
    public required int Port { get; init; }

    /// <summary>Process that holds it; null when this user may not see it.</summary>
    public int? Pid { get; init; }

    /// <summary>Name of that process; null when it cannot be seen.</summary>
    public string? Process { get; init; }

    /// <summary>Owner of that process; null when it cannot be seen.</summary>
    public string? User { get; init; }

    /// <summary>Start of that process, UTC; with the id it names it for other commands. Null when it cannot be seen.</summary>
    public DateTime? StartTime { get; init; }

    /// <summary>Service that holds it: systemd unit, pm2 application, compose service, container; null when nothing supervises the process.</summary>
    public string? Service { get; init; }

    /// <summary>What runs that service; null when nothing does.</summary>
    public ServiceManagerKind? Manager { get; init; }

    /// <summary>Members of the stack that this port belongs to.</summary>
    public IReadOnlyList<string> WantedBy { get; init; } = [];

    /// <summary>Somebody else holds the port than the member that wants it. Null when no member wants it, or when the holder cannot be seen.</summary>
    public bool? Conflict { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Protocol} {Address}:{Port} {Process}";
}
