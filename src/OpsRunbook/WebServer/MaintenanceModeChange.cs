namespace OpsRunbook;

/// <summary>Maintenance mode of a web server, switched on or off. Pipe it to <c>Disable-MaintenanceMode</c> to let visitors in again.</summary>
public sealed record MaintenanceModeChange
{
    /// <summary>Always <see cref="HealthStatus.Healthy"/>: what was asked for is in force. What is not is an error.</summary>
    public required HealthStatus Status { get; init; }

    /// <summary>Web server of the stack.</summary>
    public required string Name { get; init; }

    /// <summary>Host it runs on: the stack's name for it, or <c>local</c>.</summary>
    public required string Host { get; init; }

    /// <summary>Name of the stack.</summary>
    public required string Stack { get; init; }

    /// <summary>The sites are answered with 503 now.</summary>
    public required bool IsEnabled { get; init; }

    /// <summary>False when it was so before.</summary>
    public required bool Changed { get; init; }

    /// <summary>Sites that this is about: first server name of each, or what it listens on when it has none.</summary>
    public required IReadOnlyList<string> Sites { get; init; }

    /// <summary>Files of nginx's configuration that were changed.</summary>
    public required IReadOnlyList<string> Files { get; init; }

    /// <summary>What clients are told about when to come back; null when visitors are let in.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Addresses and networks that still reach the sites.</summary>
    public IReadOnlyList<string> Allow { get; init; } = [];

    /// <summary>Paths that are answered by the sites for everybody.</summary>
    public IReadOnlyList<string> OpenPaths { get; init; } = [];

    /// <summary>Page that is shown, a file on the host; null for a plain one.</summary>
    public string? Page { get; init; }

    /// <summary>What there is to say, in a sentence.</summary>
    public required string Message { get; init; }

    /// <summary>When it came into force, UTC.</summary>
    public required DateTime ChangedAt { get; init; }
}
