namespace OpsRunbook.Engine.Certificates;

/// <summary>Where a certificate is looked for.</summary>
public sealed record CertificateQuery
{
    /// <summary>Member of the stack or lineage; null for none.</summary>
    public string? Name { get; init; }

    /// <summary><c>host:port</c> that serves it; null for none.</summary>
    public string? Endpoint { get; init; }

    /// <summary>Name to ask for and to verify; null for the endpoint's host, or for none in particular.</summary>
    public string? ServerName { get; init; }

    /// <summary>How TLS is begun: <c>auto</c>, <c>none</c>, or a protocol.</summary>
    public string StartTls { get; init; } = "auto";

    /// <summary>File that it lies in; null for none.</summary>
    public string? File { get; init; }

    /// <summary>Its private key; null for none.</summary>
    public string? Key { get; init; }

    /// <summary>certbot's configuration folder when certbot renews it, else null.</summary>
    public string? CertbotFolder { get; init; }
}
