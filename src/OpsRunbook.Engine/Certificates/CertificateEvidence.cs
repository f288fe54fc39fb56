using System.Security.Cryptography.X509Certificates;

namespace OpsRunbook.Engine.Certificates;

/// <summary>A certificate and what is known about it, ready to be judged.</summary>
/// <param name="Certificate">The certificate.</param>
/// <param name="Source">Where it was found, for messages: file or endpoint.</param>
internal sealed record CertificateEvidence(X509Certificate2 Certificate, string Source)
{
    /// <summary>Member of the stack or lineage; null for none.</summary>
    public string? Name { get; init; }

    /// <summary>Host that it was found on or from.</summary>
    public string Host { get; init; } = Hosts.LocalHost.LocalName;

    /// <summary>What came along: the other certificates of the file or the handshake.</summary>
    public IReadOnlyList<X509Certificate2> Presented { get; init; } = [];

    /// <summary>Everything that a server would present, in its order; null where the order means nothing.</summary>
    public IReadOnlyList<X509Certificate2>? Order { get; init; }

    /// <summary>A server presents it, rather than a file holding it.</summary>
    public bool IsEndpoint { get; init; }

    /// <summary>Name that it must be for; null for none in particular.</summary>
    public string? ServerName { get; init; }

    /// <summary>SubjectPublicKeyInfo of the private key; null for none.</summary>
    public byte[]? Key { get; init; }

    /// <summary>Where that key comes from.</summary>
    public string? KeySource { get; init; }

    /// <summary>Why the key could not be read; null when it was, or there is none.</summary>
    public OpsException? KeyProblem { get; init; }

    /// <summary>The endpoint serves what the file holds; null when only one was looked at.</summary>
    public bool? IsServed { get; init; }

    /// <summary>What was found out elsewhere.</summary>
    public IReadOnlyList<CertificateFinding> Findings { get; init; } = [];

    /// <summary>How long connection and handshake took; null for a file.</summary>
    public TimeSpan? Latency { get; init; }
}
