using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OpsRunbook.Engine.Certificates;

/// <summary>Judges certificates, wherever they come from: dates, names, chain, key and weak parts. There is no other place for it.</summary>
/// <param name="terms">What they are judged by.</param>
internal sealed class CertificateJudge(CertificateTerms terms)
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string AnyPurpose = "2.5.29.37.0";

    private static readonly HashSet<string> BrokenSignatures =
    [
        "1.2.840.113549.1.1.2", "1.2.840.113549.1.1.4", "1.2.840.113549.1.1.5", "1.2.840.10045.4.1", "1.2.840.10040.4.3", "1.3.14.3.2.29",
    ];

    // Many servers present the same certificates: they are followed once. (Those of files do not outlive the reading of their file.)
    private readonly ConcurrentDictionary<string, Followed> _followed = new(StringComparer.Ordinal);
    private readonly Lazy<TrustStore> _trust = new(() => TrustStore.Of(terms.CaFile));

    /// <summary>The certificates of a collection that are not only there to vouch for another one in it.</summary>
    /// <param name="certificates">The collection.</param>
    /// <returns>Each of them, in its order; never none of some.</returns>
    public static IReadOnlyList<X509Certificate2> Ends(IReadOnlyList<X509Certificate2> certificates)
    {
        if (certificates.Count < 2)
        {
            return certificates;
        }

        var issued = certificates.Where(certificate => !TrustStore.IsSelfIssued(certificate))
            .Select(certificate => TrustStore.NameKey(certificate.IssuerName)).ToHashSet(StringComparer.Ordinal);
        var ends = certificates.Where(certificate => !issued.Contains(TrustStore.NameKey(certificate.SubjectName))).DistinctBy(certificate => certificate.Thumbprint).ToList();
        return ends.Count > 0 ? ends : [certificates[0]];
    }

    /// <summary>Judges one certificate.</summary>
    /// <param name="evidence">The certificate and what is known about it.</param>
    /// <returns>The verdict.</returns>
    public CertificateStatus Judge(CertificateEvidence evidence)
    {
        try
        {
            return Verdict(evidence);
        }
        catch (Exception error) when (error is CryptographicException or PlatformNotSupportedException)
        {
            return Nothing(evidence.Name, evidence.Source, evidence.Host, HealthStatus.Critical, CertificateErrors.Damaged(evidence.Source, $"a certificate of it cannot be decoded ({error.Message.TrimEnd('.')})"));
        }
    }

    /// <summary>A status for what gave no certificate.</summary>
    /// <param name="name">Member of the stack or lineage; null for none.</param>
    /// <param name="source">File or endpoint.</param>
    /// <param name="host">Host that it was looked at from.</param>
    /// <param name="status">How bad that is.</param>
    /// <param name="error">Why there is none.</param>
    /// <returns>The status.</returns>
    public CertificateStatus Nothing(string? name, string source, string host, HealthStatus status, OpsException error) => new()
    {
        Status = status,
        Name = name,
        Source = source,
        Host = host,
        Message = error.Message,
        Reason = error.Id,
        Findings = [new CertificateFinding { Status = status, Reason = error.Id, Message = error.Message, NextStep = error.NextStep }],
        At = terms.At,
    };

    private CertificateStatus Verdict(CertificateEvidence evidence)
    {
        var certificate = evidence.Certificate;
        var (names, kind, chain, links, thumbprint) = evidence.IsEndpoint
            ? _followed.GetOrAdd(string.Join(' ', evidence.Presented.Prepend(certificate).Select(each => each.Thumbprint)), _ => Follow(evidence))
            : Follow(evidence);
        var findings = new List<CertificateFinding>();
        AddDates(findings, evidence, chain);
        var nameMatches = AddName(findings, evidence, names);
        var keyMatches = AddKey(findings, evidence);
        AddTrust(findings, evidence, chain, names);
        AddOrder(findings, evidence, chain);
        AddWeakness(findings, evidence, names, kind);
        var revocation = AddRevocation(findings, chain);
        findings.AddRange(evidence.Findings);

        var sorted = findings.OrderByDescending(finding => Severity(finding.Status)).ToList();
        var worst = sorted.Find(finding => finding.Status != HealthStatus.Healthy);
        var days = Days(certificate);
        return new CertificateStatus
        {
            Status = worst?.Status ?? HealthStatus.Healthy,
            Name = evidence.Name,
            Source = evidence.Source,
            Host = evidence.Host,
            Subject = certificate.Subject,
            Names = names.All,
            Issuer = certificate.Issuer,
            Serial = certificate.SerialNumber,
            Thumbprint = thumbprint,
            KeyKind = kind.Name,
            KeySize = kind.Bits,
            SignatureAlgorithm = certificate.SignatureAlgorithm.FriendlyName ?? certificate.SignatureAlgorithm.Value,
            NotBefore = certificate.NotBefore.ToUniversalTime(),
            NotAfter = certificate.NotAfter.ToUniversalTime(),
            DaysLeft = days,
            ServerName = evidence.ServerName,
            NameMatches = nameMatches,
            KeyMatches = keyMatches,
            IsTrusted = chain.IsTrusted,
            IsServed = evidence.IsServed,
            Revocation = revocation,
            Chain = links,
            Findings = sorted,
            Message = worst?.Message ?? string.Create(CultureInfo.InvariantCulture, $"valid for {days} more days, until {Display.Moment(certificate.NotAfter.ToUniversalTime())}"),
            Reason = worst?.Reason,
            Latency = evidence.Latency,
            At = terms.At,
        };
    }

    private static int Severity(HealthStatus status) => status == HealthStatus.Healthy ? 0 : HealthStatuses.Worst(status, HealthStatus.Unknown) == HealthStatus.Unknown ? 1
        : HealthStatuses.Worst(status, HealthStatus.Warning) == HealthStatus.Warning ? 2 : 3;

    /// <summary>SHA-256 of a certificate, hexadecimal.</summary>
    /// <param name="certificate">The certificate.</param>
    /// <returns>Capital letters and digits.</returns>
    public static string Thumbprint(X509Certificate2 certificate) => certificate.GetCertHashString(HashAlgorithmName.SHA256);

    private Followed Follow(CertificateEvidence evidence)
    {
        var certificate = evidence.Certificate;
        var chain = CertificateChain.Build(certificate, evidence.Presented, _trust.Value, terms.At, terms.CheckRevocation);
        return new Followed(
            CertificateNames.Of(certificate), CertificateKeyKind.Of(certificate), chain, [.. chain.Elements.Select(element => Link(element, evidence))], Thumbprint(certificate));
    }

    private int Days(X509Certificate2 certificate) => (int)Math.Floor((certificate.NotAfter.ToUniversalTime() - terms.At).TotalDays);

    private CertificateLink Link(X509Certificate2 element, CertificateEvidence evidence) => new()
    {
        Subject = element.Subject,
        Issuer = element.Issuer,
        Thumbprint = Thumbprint(element),
        NotBefore = element.NotBefore.ToUniversalTime(),
        NotAfter = element.NotAfter.ToUniversalTime(),
        DaysLeft = Days(element),
        IsPresented = Same(element, evidence.Certificate) || evidence.Presented.Any(other => Same(other, element)),
        IsTrusted = _trust.Value.Contains(element),
    };

    private static bool Same(X509Certificate2 one, X509Certificate2 other) => one.RawDataMemory.Span.SequenceEqual(other.RawDataMemory.Span);

    private void AddDates(List<CertificateFinding> findings, CertificateEvidence evidence, CertificateChain chain)
    {
        var source = evidence.Source;

        // What came along counts too, even where another chain leads past it: clients may take that one.
        var others = evidence.Presented.Where(other => evidence.IsEndpoint && chain.Elements.All(element => !Same(element, other)));
        foreach (var each in chain.Elements.Concat(others))
        {
            var which = Same(each, evidence.Certificate) ? $"The certificate of {source}" : $"The issuer '{each.Subject}' of the certificate of {source}";
            var (from, until) = (each.NotBefore.ToUniversalTime(), each.NotAfter.ToUniversalTime());
            var left = until - terms.At;
            if (left <= TimeSpan.Zero)
            {
                Add(HealthStatus.Critical, "Certificate.Expired", $"{which} {(until <= DateTime.UtcNow ? "expired" : "expires")} on {Display.Moment(until)}.", "Renew it and reload the server.");
            }
            else if (from > terms.At)
            {
                Add(HealthStatus.Critical, "Certificate.NotYetValid", $"{which} is valid only from {Display.Moment(from)}.", "Check the clocks of this machine and of the one that issued it.");
            }
            else if (left <= terms.Warning || left <= terms.Critical)
            {
                Add(
                    left <= terms.Critical ? HealthStatus.Critical : HealthStatus.Warning,
                    "Certificate.Expiring",
                    string.Create(CultureInfo.InvariantCulture, $"{which} is valid for {Days(each)} more days, until {Display.Moment(until)}."),
                    "Renew it: Update-Certificate, or the way it was issued.");
            }
        }

        void Add(HealthStatus status, string reason, string message, string next) =>
            findings.Add(new CertificateFinding { Status = status, Reason = reason, Message = message, NextStep = next });
    }

    private static bool? AddName(List<CertificateFinding> findings, CertificateEvidence evidence, CertificateNames names)
    {
        if (evidence.ServerName is not { } wanted)
        {
            return null;
        }

        var matches = names.Match(wanted);
        if (!matches)
        {
            findings.Add(new CertificateFinding
            {
                Status = HealthStatus.Critical,
                Reason = "Certificate.NameMismatch",
                Message = $"The certificate of {evidence.Source} is for {names}, not for {wanted}.",
                NextStep = "Check the name asked for (-ServerName), and that the server presents the certificate of that site.",
            });
        }

        return matches;
    }

    private static bool? AddKey(List<CertificateFinding> findings, CertificateEvidence evidence)
    {
        if (evidence.KeyProblem is { } problem)
        {
            // Without a passphrase nothing is known; with a wrong one, or no key at all, somebody has to act.
            findings.Add(new CertificateFinding
            {
                Status = problem.Id == "Certificate.KeyPassphraseMissing" || problem.Kind == OpsErrorKind.Connection ? HealthStatus.Unknown : HealthStatus.Critical,
                Reason = problem.Id,
                Message = problem.Message,
                NextStep = problem.NextStep,
            });
            return null;
        }

        if (evidence.Key is not { } key)
        {
            return null;
        }

        var matches = PrivateKeyFile.IsKeyOf(key, evidence.Certificate);
        if (!matches)
        {
            findings.Add(new CertificateFinding
            {
                Status = HealthStatus.Critical,
                Reason = "Certificate.KeyMismatch",
                Message = $"The private key {evidence.KeySource} does not belong to the certificate of {evidence.Source}: a server cannot start with the two.",
                NextStep = "Put the key that the certificate was issued for beside it, or issue the certificate again.",
            });
        }

        return matches;
    }

    private static void AddTrust(List<CertificateFinding> findings, CertificateEvidence evidence, CertificateChain chain, CertificateNames names)
    {
        var leaf = evidence.Certificate;
        var flags = chain.Flags;
        if (flags.HasFlag(X509ChainStatusFlags.NotSignatureValid))
        {
            findings.Add(new CertificateFinding
            {
                Status = HealthStatus.Critical,
                Reason = "Certificate.SignatureInvalid",
                Message = $"A signature in the chain of {evidence.Source} is not that of its issuer.",
                NextStep = "The certificate was changed, or its issuer has another key now. Issue it again.",
            });
        }
        else if ((flags & (X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.PartialChain)) != X509ChainStatusFlags.NoError)
        {
            // An authority that only this machine does not know need not trouble those who use the site; and a file may be
            // meant for clients that know it, or hold the certificate without those above it on purpose.
            var selfSigned = TrustStore.IsSelfIssued(leaf);
            // 'openssl req -x509' makes an authority of what is meant for a server; its names tell it from a real one.
            var status = evidence.IsEndpoint || (selfSigned && (names.HasAlternativeNames || !IsAuthority(leaf))) ? HealthStatus.Warning : HealthStatus.Healthy;
            var (reason, message, next) = selfSigned
                ? ("Certificate.SelfSigned", $"The certificate of {evidence.Source} is self-signed.", "Install one of an authority, or name its file as the authority to trust (-CaFile).")
                : chain.IsIncomplete
                    ? ("Certificate.ChainIncomplete", $"The issuer '{chain.Elements[^1].Issuer}' does not come with the certificate of {evidence.Source}, and this machine does not know it.", "Use the full chain (fullchain.pem), or name the authority's file (-CaFile).")
                    : ("Certificate.Untrusted", $"The certificate of {evidence.Source} comes from an authority that this machine does not trust ({chain.Elements[^1].Subject}).", "Name the authority's file with -CaFile if it is yours.");
            findings.Add(new CertificateFinding { Status = status, Reason = reason, Message = message, NextStep = next });
        }
        else if ((flags & ~(X509ChainStatusFlags.NotTimeValid | X509ChainStatusFlags.RevocationStatusUnknown | X509ChainStatusFlags.OfflineRevocation | X509ChainStatusFlags.Revoked)) != X509ChainStatusFlags.NoError)
        {
            findings.Add(new CertificateFinding
            {
                Status = HealthStatus.Critical,
                Reason = "Certificate.ChainInvalid",
                Message = $"Clients refuse the chain of {evidence.Source}: {chain.Explanation}.",
                NextStep = "Issue the certificate from an authority that may issue it.",
            });
        }
    }

    private static void AddOrder(List<CertificateFinding> findings, CertificateEvidence evidence, CertificateChain chain)
    {
        if (evidence.Order is not { Count: > 1 } order)
        {
            return;
        }

        // Servers present the file as it is, and take the first one as their own.
        var positions = chain.Elements.Select(element => order.ToList().FindIndex(other => Same(other, element))).Where(position => position >= 0).ToList();
        if (!positions.SequenceEqual(Enumerable.Range(0, positions.Count)))
        {
            findings.Add(new CertificateFinding
            {
                Status = HealthStatus.Warning,
                Reason = "Certificate.WrongOrder",
                Message = $"The chain of {evidence.Source} is not in order: each certificate must be followed by its issuer, the server's own first.",
                NextStep = "Put the file together again: certificate, then its issuer, and so on.",
            });
        }
    }

    private static void AddWeakness(List<CertificateFinding> findings, CertificateEvidence evidence, CertificateNames names, CertificateKeyKind kind)
    {
        var certificate = evidence.Certificate;
        var source = evidence.Source;
        var isAuthority = IsAuthority(certificate);
        foreach (var each in evidence.Presented.Prepend(certificate).DistinctBy(each => each.Thumbprint))
        {
            // Nobody relies on the signature of a root: it is trusted because it is known.
            if (BrokenSignatures.Contains(each.SignatureAlgorithm.Value ?? string.Empty) && !(TrustStore.IsSelfIssued(each) && IsAuthority(each))
                && (Same(each, certificate) || evidence.IsEndpoint))
            {
                Add(
                    "Certificate.WeakSignature",
                    $"{(Same(each, certificate) ? $"The certificate of {source}" : $"The issuer '{each.Subject}' of {source}")} is signed with {each.SignatureAlgorithm.FriendlyName}, which can be forged and clients refuse.",
                    "Issue it again with SHA-256.");
            }
        }

        if (kind.IsWeak)
        {
            Add("Certificate.WeakKey", $"The key of {source} is {kind}, which is too short: clients want RSA {CertificateKeyKind.LeastRsaBits} or a curve of {CertificateKeyKind.LeastCurveBits} bits at least.", "Issue it again with ECDSA P-256 or RSA 2048.");
        }

        if (names.IsDamaged)
        {
            findings.Add(new CertificateFinding
            {
                Status = HealthStatus.Critical,
                Reason = "Certificate.NamesDamaged",
                Message = $"The subject alternative names of the certificate of {source} cannot be decoded: clients refuse it.",
                NextStep = "Issue it again.",
            });
        }
        else if (!isAuthority && (!names.HasAlternativeNames || (evidence.ServerName is { } wanted && names.MatchOnlyByCommonName(wanted))))
        {
            Add("Certificate.NoAlternativeNames", $"The certificate of {source} has no{(names.HasAlternativeNames ? " DNS name among its" : string.Empty)} subject alternative names, without which browsers accept it for no name.", "Issue it again with subjectAltName.");
        }

        if (evidence.IsEndpoint && certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().FirstOrDefault() is { } usage
            && !usage.EnhancedKeyUsages.Cast<Oid>().Any(oid => oid.Value is ServerAuthentication or AnyPurpose))
        {
            Add("Certificate.WrongPurpose", $"The certificate of {source} is not meant for servers.", "Issue it again with the purpose 'serverAuth'.");
        }

        void Add(string reason, string message, string next) =>
            findings.Add(new CertificateFinding { Status = HealthStatus.Warning, Reason = reason, Message = message, NextStep = next });
    }

    private string? AddRevocation(List<CertificateFinding> findings, CertificateChain chain)
    {
        if (!terms.CheckRevocation)
        {
            return null;
        }

        if (chain.Flags.HasFlag(X509ChainStatusFlags.Revoked))
        {
            findings.Add(new CertificateFinding { Status = HealthStatus.Critical, Reason = "Certificate.Revoked", Message = "The certificate, or one above it, was revoked.", NextStep = "Issue a new one with a new key." });
            return "Revoked";
        }

        if ((chain.Flags & (X509ChainStatusFlags.RevocationStatusUnknown | X509ChainStatusFlags.OfflineRevocation)) != X509ChainStatusFlags.NoError)
        {
            findings.Add(new CertificateFinding
            {
                Status = HealthStatus.Unknown,
                Reason = "Certificate.RevocationUnknown",
                Message = "Whether the certificate was revoked could not be found out.",
                NextStep = "It needs a trusted chain, and its OCSP or CRL address must be reachable from this machine.",
            });
            return "Unknown";
        }

        return "Good";
    }

    private static bool IsAuthority(X509Certificate2 certificate) =>
        certificate.Extensions.OfType<X509BasicConstraintsExtension>().FirstOrDefault() is { CertificateAuthority: true };

    // What is the same wherever the certificates are found.
    private sealed record Followed(CertificateNames Names, CertificateKeyKind Kind, CertificateChain Chain, IReadOnlyList<CertificateLink> Links, string Thumbprint);
}
