namespace OpsRunbook;

/// <summary>One environment variable of a service: what its process was started with, against what the file says now.</summary>
public sealed class ServiceEnvironmentVariable
{
    /// <summary>
    /// <see cref="HealthStatus.Critical"/> when it is required and missing or empty, <see cref="HealthStatus.Warning"/> when a restart
    /// is due, otherwise <see cref="HealthStatus.Healthy"/>.
    /// </summary>
    public required HealthStatus Status { get; init; }

    /// <summary>Name of the service in the stack.</summary>
    public required string Name { get; init; }

    /// <summary>Name of the variable.</summary>
    public required string Key { get; init; }

    /// <summary>Value in the process; null for a secret, and when the process does not have it. An empty value is shown in any case.</summary>
    public string? Value { get; init; }

    /// <summary>Value in the file; null for a secret, and when no file sets it.</summary>
    public string? FileValue { get; init; }

    /// <summary>It is taken for a secret, by its name or its value.</summary>
    public required bool IsSecret { get; init; }

    /// <summary>
    /// Six digits that are the same for the same value, so that secrets can be compared; they compare among all hosts looked at from
    /// one state folder. Null when the process does not have it or it is empty.
    /// </summary>
    public string? Fingerprint { get; init; }

    /// <summary>The same for the value in the file.</summary>
    public string? FileFingerprint { get; init; }

    /// <summary>How it stands to the file; null when no file is known.</summary>
    public EnvironmentState? State { get; init; }

    /// <summary>The file says something else than the process was started with, so a restart (of a container: a new one) would change it.</summary>
    public required bool RestartDue { get; init; }

    /// <summary>The stack says that it must be set.</summary>
    public required bool Required { get; init; }

    /// <summary>Where the process's values come from: <c>process</c>, <c>container</c> (its configuration), <c>pm2</c> (its list); null when it does not run.</summary>
    public string? Source { get; init; }

    /// <summary>File that sets it, or in which it would be set; null when none is known.</summary>
    public string? File { get; init; }

    /// <summary>What there is to show of it: the value, or <c>set ab12cd</c> for a secret; of the file when the process does not have it.</summary>
    public string ShownValue { get; init; } = string.Empty;

    /// <summary>Process that was looked at; null when it does not run, and for a container.</summary>
    public int? Pid { get; init; }

    /// <summary>What runs the service.</summary>
    public required ServiceManagerKind Manager { get; init; }

    /// <summary>Host it runs on: the stack's name for it, or <c>local</c>.</summary>
    public required string Host { get; init; }

    /// <summary>Name of the stack.</summary>
    public string Stack { get; init; } = string.Empty;

    /// <inheritdoc/>
    public override string ToString() => $"{Name} {Key}";
}
