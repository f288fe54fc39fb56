namespace OpsRunbook;

/// <summary>One thing there is to say about a certificate.</summary>
public sealed class CertificateFinding
{
    /// <summary>How bad it is; <see cref="HealthStatus.Healthy"/> for what is only worth knowing.</summary>
    public required HealthStatus Status { get; init; }

    /// <summary>Stable identifier of the cause: <c>Certificate.Expired</c>, <c>Certificate.KeyMismatch</c>.</summary>
    public required string Reason { get; init; }

    /// <summary>The cause as a sentence.</summary>
    public required string Message { get; init; }

    /// <summary>What to do about it; null when there is nothing useful to say.</summary>
    public string? NextStep { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Reason}: {Message}";
}
