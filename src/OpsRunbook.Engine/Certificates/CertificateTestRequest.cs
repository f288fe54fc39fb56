using System.Security.Cryptography.X509Certificates;

namespace OpsRunbook.Engine.Certificates;

/// <summary>Certificates to test.</summary>
public sealed record CertificateTestRequest
{
    /// <summary>Files, folders, and paths with wildcards, absolute.</summary>
    public IReadOnlyList<string> Paths { get; init; } = [];

    /// <summary>Endpoints.</summary>
    public IReadOnlyList<string> Endpoints { get; init; } = [];

    /// <summary>Names of certbot's lineages, with wildcards.</summary>
    public IReadOnlyList<string> Lineages { get; init; } = [];

    /// <summary>Certificates that are there already.</summary>
    public IReadOnlyList<X509Certificate2> Certificates { get; init; } = [];

    /// <summary>Name to ask for and to verify; null for the endpoint's host, or for none in particular.</summary>
    public string? ServerName { get; init; }

    /// <summary>How TLS is begun: <c>auto</c>, <c>none</c>, or a protocol.</summary>
    public string StartTls { get; init; } = "auto";

    /// <summary>Private key that must belong to the certificate; null for none.</summary>
    public string? KeyPath { get; init; }

    /// <summary>certbot's configuration folder.</summary>
    public string CertbotFolder { get; init; } = CertbotLineage.DefaultFolder;

    /// <summary>Most files or endpoints looked at at the same time.</summary>
    public int ThrottleLimit { get; init; } = 64;
}
