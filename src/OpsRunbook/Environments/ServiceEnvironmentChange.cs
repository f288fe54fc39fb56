namespace OpsRunbook;

/// <summary>A changed environment variable of a service, with the way back: pipe it to <c>Set-ServiceEnvironment -Undo</c>.</summary>
public sealed class ServiceEnvironmentChange
{
    /// <summary>
    /// <see cref="HealthStatus.Healthy"/> when the value is in effect and the service is well, <see cref="HealthStatus.Warning"/> when it only
    /// counts from the next start, <see cref="HealthStatus.Critical"/> when it was put back or could not be, <see cref="HealthStatus.Unknown"/>
    /// when that is not known.
    /// </summary>
    public required HealthStatus Status { get; init; }

    /// <summary>Name of the service in the stack.</summary>
    public required string Name { get; init; }

    /// <summary>Name of the variable.</summary>
    public required string Key { get; init; }

    /// <summary>How it ended.</summary>
    public required ServiceOutcome Outcome { get; init; }

    /// <summary>Value now, as the file has it; null for a secret, and when it is not set.</summary>
    public string? Value { get; init; }

    /// <summary>Value before, as the file had it; null for a secret, and when it was not set.</summary>
    public string? PreviousValue { get; init; }

    /// <summary>It is taken for a secret.</summary>
    public required bool IsSecret { get; init; }

    /// <summary>Mark of the value now, see <see cref="ServiceEnvironmentVariable.Fingerprint"/>; null when it is not set or empty.</summary>
    public string? Fingerprint { get; init; }

    /// <summary>Mark of the value before; null when it was not set or empty.</summary>
    public string? PreviousFingerprint { get; init; }

    /// <summary>The file.</summary>
    public required string File { get; init; }

    /// <summary>The file as it was, beside it; null when the file was not changed, or is as it was.</summary>
    public string? Backup { get; init; }

    /// <summary>Inode, size and time of the written file, by which it is known again; null when it was not changed, or is as it was.</summary>
    public string? FileIdentity { get; init; }

    /// <summary>
    /// The running process was seen to have the value; false when it did not have it; null when that cannot be seen: nothing runs, or
    /// the application reads the file by itself.
    /// </summary>
    public bool? Arrived { get; init; }

    /// <summary>Health before; null when nothing was restarted.</summary>
    public ServiceHealth? Before { get; init; }

    /// <summary>Health after; null when nothing was restarted.</summary>
    public ServiceHealth? After { get; init; }

    /// <summary>When the old value comes back by itself, UTC; null when it does not.</summary>
    public DateTime? RevertsAt { get; init; }

    /// <summary>What brings it back: a timer or process on the service's host, or the next change made from this state folder; null when nothing does.</summary>
    public string? RevertedBy { get; init; }

    /// <summary>What happened, in a sentence.</summary>
    public required string Message { get; init; }

    /// <summary>What runs the service.</summary>
    public required ServiceManagerKind Manager { get; init; }

    /// <summary>Host it runs on: the stack's name for it, or <c>local</c>.</summary>
    public required string Host { get; init; }

    /// <summary>Name of the stack.</summary>
    public required string Stack { get; init; }

    /// <summary>From the beginning to the end, waiting included.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>When it was changed, UTC.</summary>
    public required DateTime ChangedAt { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Name} {Key} {Outcome}";
}
