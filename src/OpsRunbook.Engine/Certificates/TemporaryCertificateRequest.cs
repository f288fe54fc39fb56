namespace OpsRunbook.Engine.Certificates;

/// <summary>What a temporary certificate shall be.</summary>
public sealed record TemporaryCertificateRequest
{
    /// <summary>Names that it is for; none for those of the certificate that it replaces.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>RSA 2048 instead of ECDSA P-256.</summary>
    public bool Rsa { get; init; }

    /// <summary>How long it is valid: one to thirty days.</summary>
    public TimeSpan For { get; init; } = TimeSpan.FromDays(7);
}
