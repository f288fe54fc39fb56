namespace OpsRunbook;

/// <summary>
/// A certificate that was found, and the verdict on it. What could be reached or read but holds no certificate is one
/// of these too: then <see cref="NotAfter"/> and the like are null, and <see cref="Reason"/> says why.
/// </summary>
public sealed class CertificateStatus
{
    /// <summary>The worst of the <see cref="Findings"/>.</summary>
    public required HealthStatus Status { get; init; }

    /// <summary>Member of the stack, or certbot's lineage; null when it was found by its file or endpoint alone.</summary>
    public string? Name { get; init; }

    /// <summary>Where it was found: path of the file, <c>host:port</c>, or <c>pipeline</c>.</summary>
    public required string Source { get; init; }

    /// <summary>Host that the file lies on, or that the endpoint was reached from.</summary>
    public string Host { get; init; } = "local";

    /// <summary>Subject; empty when it has none.</summary>
    public string Subject { get; init; } = string.Empty;

    /// <summary>Names that it is for: DNS names and addresses of its subject alternative names, else its common name. DNS names are in ASCII form (<c>xn--…</c>).</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>Issuer; empty when there is no certificate.</summary>
    public string Issuer { get; init; } = string.Empty;

    /// <summary>Serial number, hexadecimal; null when there is no certificate.</summary>
    public string? Serial { get; init; }

    /// <summary>SHA-256 of the certificate, hexadecimal; null when there is no certificate.</summary>
    public string? Thumbprint { get; init; }

    /// <summary><c>RSA</c>, <c>ECDSA</c>, <c>Ed25519</c>, <c>Ed448</c>, <c>DSA</c>, or the object identifier of another kind; null when there is no certificate.</summary>
    public string? KeyKind { get; init; }

    /// <summary>Bits of the key; null when they are not known.</summary>
    public int? KeySize { get; init; }

    /// <summary>Algorithm that it is signed with, such as <c>sha256RSA</c>; null when there is no certificate.</summary>
    public string? SignatureAlgorithm { get; init; }

    /// <summary>Valid from, UTC; null when there is no certificate.</summary>
    public DateTime? NotBefore { get; init; }

    /// <summary>Valid until, UTC; null when there is no certificate.</summary>
    public DateTime? NotAfter { get; init; }

    /// <summary>Whole days left at <see cref="At"/>, rounded down; negative when it has expired; null when there is no certificate.</summary>
    public int? DaysLeft { get; init; }

    /// <summary>Name that it was asked for or compared with; null for none.</summary>
    public string? ServerName { get; init; }

    /// <summary>It is for <see cref="ServerName"/>; null when no name was compared.</summary>
    public bool? NameMatches { get; init; }

    /// <summary>The private key belongs to it; null when no key was given or it cannot be read.</summary>
    public bool? KeyMatches { get; init; }

    /// <summary>Its chain is whole, valid at <see cref="At"/>, and ends at an authority that this machine, or -CaFile, trusts; null when there is no certificate.</summary>
    public bool? IsTrusted { get; init; }

    /// <summary>The endpoint serves what lies in the file; null when only one of them was looked at.</summary>
    public bool? IsServed { get; init; }

    /// <summary><c>Good</c>, <c>Revoked</c> or <c>Unknown</c>, from OCSP or CRL; null when that was not asked.</summary>
    public string? Revocation { get; init; }

    /// <summary>The chain as far as it can be followed, this certificate first.</summary>
    public IReadOnlyList<CertificateLink> Chain { get; init; } = [];

    /// <summary>Everything there is to say, the worst first.</summary>
    public IReadOnlyList<CertificateFinding> Findings { get; init; } = [];

    /// <summary>The worst finding, or how long it is valid.</summary>
    public required string Message { get; init; }

    /// <summary>Stable identifier of the worst finding; null when it is healthy.</summary>
    public string? Reason { get; init; }

    /// <summary>How long connection and handshake took; null for a file.</summary>
    public TimeSpan? Latency { get; init; }

    /// <summary>Moment that it was judged for, UTC.</summary>
    public DateTime At { get; init; } = DateTime.UtcNow;

    /// <inheritdoc/>
    public override string ToString() => $"{Source} {Status}: {Message}";
}
