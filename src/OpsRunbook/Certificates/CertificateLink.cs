namespace OpsRunbook;

/// <summary>One certificate of a chain, the certificate itself first.</summary>
public sealed class CertificateLink
{
    /// <summary>Subject; empty when it has none.</summary>
    public required string Subject { get; init; }

    /// <summary>Issuer.</summary>
    public required string Issuer { get; init; }

    /// <summary>SHA-256 of the certificate, hexadecimal.</summary>
    public required string Thumbprint { get; init; }

    /// <summary>Valid from, UTC.</summary>
    public required DateTime NotBefore { get; init; }

    /// <summary>Valid until, UTC.</summary>
    public required DateTime NotAfter { get; init; }

    /// <summary>Whole days left, rounded down; negative when it has expired.</summary>
    public required int DaysLeft { get; init; }

    /// <summary>It came with the file or the handshake; false when this machine knew it.</summary>
    public required bool IsPresented { get; init; }

    /// <summary>It is itself one of the authorities that are trusted.</summary>
    public required bool IsTrusted { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Subject} ({DaysLeft} days)";
}
