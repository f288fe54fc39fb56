namespace OpsRunbook;

/// <summary>A certificate that was put in the place of another, or was to be. That of a temporary one is the way back: pipe it to <c>New-TemporaryCertificate -Undo</c>.</summary>
public sealed record CertificateChange
{
    /// <summary>
    /// <see cref="HealthStatus.Healthy"/> when it is served or nothing was due, <see cref="HealthStatus.Warning"/> when that could not be seen, a hook failed
    /// or nothing renews it by itself, <see cref="HealthStatus.Critical"/> when it did not come to that.
    /// </summary>
    public required HealthStatus Status { get; init; }

    /// <summary>Name in the stack, or of certbot's lineage.</summary>
    public required string Name { get; init; }

    /// <summary><c>Temporary</c>, <c>Undo</c>, <c>Renew</c> or <c>DryRun</c>.</summary>
    public required string Action { get; init; }

    /// <summary>How it ended; <see cref="ServiceOutcome.Unchanged"/> when a renewal was not due.</summary>
    public required ServiceOutcome Outcome { get; init; }

    /// <summary>Host of the files.</summary>
    public required string Host { get; init; }

    /// <summary>Name of the stack.</summary>
    public required string Stack { get; init; }

    /// <summary>Certificate file.</summary>
    public required string File { get; init; }

    /// <summary>Private key file.</summary>
    public required string Key { get; init; }

    /// <summary>Copy of the certificate file as it was; null when there was none, or it is back in its place.</summary>
    public string? PreviousFile { get; init; }

    /// <summary>Copy of the key file as it was; null when there was none, or it is back in its place.</summary>
    public string? PreviousKey { get; init; }

    /// <summary>SHA-256 of the certificate that is in the file now, hexadecimal; null when there is none.</summary>
    public string? Thumbprint { get; init; }

    /// <summary>SHA-256 of the certificate before, hexadecimal; null when there was none that could be read.</summary>
    public string? PreviousThumbprint { get; init; }

    /// <summary>Names that the certificate is for.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>Until when it is valid, UTC; null when it cannot be read.</summary>
    public DateTime? NotAfter { get; init; }

    /// <summary>A handshake has shown that it is served; null when the stack names no endpoint.</summary>
    public bool? IsServed { get; init; }

    /// <summary>What was done, or why not.</summary>
    public required string Message { get; init; }

    /// <summary>Stable identifier of what is wrong: <c>Certificate.RenewalRateLimited</c>; null when nothing is.</summary>
    public string? Reason { get; init; }

    /// <summary>What to do about it; null when there is nothing useful to say.</summary>
    public string? NextStep { get; init; }

    /// <summary>Whether and when it is renewed by itself; null for a temporary certificate.</summary>
    public RenewalSchedule? Schedule { get; init; }

    /// <summary>When it ended, UTC.</summary>
    public DateTime ChangedAt { get; init; } = DateTime.UtcNow;

    /// <inheritdoc/>
    public override string ToString() => $"{Name} {Outcome}: {Message}";
}
