using System.Security.Cryptography.X509Certificates;

namespace OpsRunbook.Engine.Certificates;

/// <summary>The chain of a certificate, as far as it can be followed, and whether it is trusted.</summary>
/// <param name="Elements">The certificate, its issuer, and so on.</param>
/// <param name="IsTrusted">It ends at a trusted authority, and everything about it is valid at that moment, dates included.</param>
/// <param name="Flags">What is wrong with it.</param>
/// <param name="Explanation">The words for what has none of ours; null when there are none.</param>
internal sealed record CertificateChain(IReadOnlyList<X509Certificate2> Elements, bool IsTrusted, X509ChainStatusFlags Flags, string? Explanation)
{
    private const int LongestChain = 20;
    private static readonly TimeSpan RevocationLimit = TimeSpan.FromSeconds(10);

    /// <summary>The last element is not its own issuer and that one is not known.</summary>
    public bool IsIncomplete => !TrustStore.IsSelfIssued(Elements[^1]);

    /// <summary>Follows and judges the chain of a certificate.</summary>
    /// <param name="certificate">The certificate.</param>
    /// <param name="presented">What came with it.</param>
    /// <param name="trust">Authorities.</param>
    /// <param name="at">Moment that it must be valid at, UTC.</param>
    /// <param name="checkRevocation">Ask OCSP or CRL, over the network.</param>
    /// <returns>The chain.</returns>
    public static CertificateChain Build(
        X509Certificate2 certificate, IReadOnlyList<X509Certificate2> presented, TrustStore trust, DateTime at, bool checkRevocation)
    {
        var walked = Walk(certificate, presented, trust);
        if (!trust.Contains(walked[^1]))
        {
            // What does not even lead to an authority by its names need not be computed.
            var flag = TrustStore.IsSelfIssued(walked[^1]) ? X509ChainStatusFlags.UntrustedRoot : X509ChainStatusFlags.PartialChain;
            return new CertificateChain(walked, false, flag | (checkRevocation ? X509ChainStatusFlags.RevocationStatusUnknown : X509ChainStatusFlags.NoError), null);
        }

        using var chain = new X509Chain { ChainPolicy = trust.Policy() };
        chain.ChainPolicy.ExtraStore.AddRange(presented.ToArray());
        chain.ChainPolicy.VerificationTimeIgnored = false;
        chain.ChainPolicy.VerificationTime = at.ToLocalTime();
        if (checkRevocation)
        {
            chain.ChainPolicy.RevocationMode = X509RevocationMode.Online;
            chain.ChainPolicy.RevocationFlag = X509RevocationFlag.ExcludeRoot;
            chain.ChainPolicy.UrlRetrievalTimeout = RevocationLimit;
        }

        var valid = chain.Build(certificate);
        var flags = chain.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, (all, status) => all | status.Status);
        const X509ChainStatusFlags unasked = X509ChainStatusFlags.RevocationStatusUnknown | X509ChainStatusFlags.OfflineRevocation;
        return new CertificateChain(
            chain.ChainElements.Count > 0 ? [.. chain.ChainElements.Select(element => new X509Certificate2(element.Certificate))] : walked,
            valid || (flags & ~unasked) == X509ChainStatusFlags.NoError,
            flags,
            chain.ChainStatus.Select(status => status.StatusInformation.Trim().TrimEnd('.')).FirstOrDefault(text => text.Length > 0));
    }

    /// <summary>The issuer of a certificate among others, by name and key identifier.</summary>
    /// <param name="certificate">The certificate.</param>
    /// <param name="others">The others.</param>
    /// <returns>The issuer; null when none of them is it.</returns>
    public static X509Certificate2? IssuerAmong(X509Certificate2 certificate, IEnumerable<X509Certificate2> others)
    {
        var issuer = TrustStore.NameKey(certificate.IssuerName);
        return Best(certificate, others.Where(other => !ReferenceEquals(other, certificate) && TrustStore.NameKey(other.SubjectName) == issuer));
    }

    private static List<X509Certificate2> Walk(X509Certificate2 certificate, IReadOnlyList<X509Certificate2> presented, TrustStore trust)
    {
        List<X509Certificate2> walked = [certificate];
        while (walked.Count < LongestChain && !TrustStore.IsSelfIssued(walked[^1])
            && (IssuerAmong(walked[^1], presented) ?? Best(walked[^1], trust.IssuersOf(walked[^1]))) is { } issuer
            && !walked.Exists(known => known.RawDataMemory.Span.SequenceEqual(issuer.RawDataMemory.Span)))
        {
            // An authority that is trusted under its own signature ends the chain, whatever cross-signed form was presented.
            var anchor = trust.IssuersOf(walked[^1]).FirstOrDefault(trust.Contains);
            walked.Add(anchor is not null && Fits(walked[^1], anchor) ? anchor : issuer);
        }

        return walked;
    }

    private static X509Certificate2? Best(X509Certificate2 certificate, IEnumerable<X509Certificate2> candidates)
    {
        X509Certificate2? first = null;
        foreach (var candidate in candidates)
        {
            if (Fits(certificate, candidate))
            {
                return candidate;
            }

            first ??= candidate;
        }

        // One of that name whose key identifier says that it is another key did not sign it.
        return first is not null && KeyIdentifierOf(first) is null ? first : null;
    }

    private static bool Fits(X509Certificate2 certificate, X509Certificate2 issuer)
    {
        var wanted = certificate.Extensions.OfType<X509AuthorityKeyIdentifierExtension>().FirstOrDefault()?.KeyIdentifier;
        return wanted is null || KeyIdentifierOf(issuer) is not { } has || wanted.Value.Span.SequenceEqual(Convert.FromHexString(has));
    }

    private static string? KeyIdentifierOf(X509Certificate2 certificate) =>
        certificate.Extensions.OfType<X509SubjectKeyIdentifierExtension>().FirstOrDefault()?.SubjectKeyIdentifier;
}
