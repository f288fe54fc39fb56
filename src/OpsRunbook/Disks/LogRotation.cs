namespace OpsRunbook;

/// <summary>Whether something keeps a log from growing for ever.</summary>
public sealed class LogRotation
{
    /// <summary>Healthy when a rule or limit that works covers it; Unknown when that cannot be found out.</summary>
    public required HealthStatus Status { get; init; }

    /// <summary>The file, or the pattern where there is no file yet, or the container.</summary>
    public required string Log { get; init; }

    /// <summary>Entry of the stack's logs or member that it belongs to; empty for none.</summary>
    public string Name { get; init; } = string.Empty;

    /// <summary>What rotates it: <c>logrotate</c>, <c>docker</c>, <c>pm2-logrotate</c>, a log driver; empty for nothing.</summary>
    public string By { get; init; } = string.Empty;

    /// <summary>How, in words: <c>daily, 14 kept</c>; empty for not at all.</summary>
    public string Schedule { get; init; } = string.Empty;

    /// <summary>File that has the rule; null when there is none or it cannot be told.</summary>
    public string? Rule { get; init; }

    /// <summary>Length of the log, bytes; null when there is no file or it cannot be seen.</summary>
    public long? SizeBytes { get; init; }

    /// <summary>What is wrong, or that nothing is.</summary>
    public required string Message { get; init; }

    /// <summary>The stack's name for its host, or <c>local</c>.</summary>
    public string Host { get; init; } = "local";

    /// <inheritdoc/>
    public override string ToString() => $"{Log}: {Message}";
}
