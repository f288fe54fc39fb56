using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using OpsRunbook.Engine.Certificates;

namespace OpsRunbook.Engine.Endpoints;

/// <summary>Judges the certificate of one handshake and keeps what was presented.</summary>
/// <param name="target">What is connected to, for messages.</param>
/// <param name="options">Name, trust.</param>
internal sealed class TlsVerdict(string target, TlsOptions options)
{
    private readonly List<X509Certificate2> _presented = [];

    /// <summary>Certificates the server presented, its own first.</summary>
    public IReadOnlyList<X509Certificate2> Presented => _presented;

    /// <summary>Why the certificate is not, or would not be, accepted; null when it is fine.</summary>
    public OpsException? Problem { get; private set; }

    /// <summary>Has a handshake judged by this.</summary>
    /// <param name="settings">Settings of the handshake.</param>
    /// <exception cref="OpsException"><c>Endpoint.CaFileUnreadable</c>.</exception>
    public void Apply(SslClientAuthenticationOptions settings)
    {
        settings.TargetHost = options.ServerName;

        // A session that is resumed has the certificate with which it began, which need not be the one that is served now.
        settings.AllowTlsResume = false;
        settings.CertificateChainPolicy = options.OnlyCollect ? Nobody() : TrustStore.Of(options.CaFile).Policy();
        settings.RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
        {
            Collect(certificate, chain);
            if (options.OnlyCollect)
            {
                return true;
            }

            if (options.AnyName)
            {
                errors &= ~SslPolicyErrors.RemoteCertificateNameMismatch;
            }

            Problem = Judge(chain, errors);
            return Problem is null || options.Insecure;
        };
    }

    // The chain of what is judged elsewhere is not followed here: with nobody to trust there is nothing to look for.
    private static X509ChainPolicy Nobody() => new()
    {
        RevocationMode = X509RevocationMode.NoCheck,
        DisableCertificateDownloads = true,
        TrustMode = X509ChainTrustMode.CustomRootTrust,
    };

    private void Collect(X509Certificate? certificate, X509Chain? chain)
    {
        if (certificate is null || _presented.Count > 0)
        {
            return;
        }

        // Copies: the originals are disposed when the callback returns.
        _presented.Add(new X509Certificate2(certificate));
        foreach (var extra in chain?.ChainPolicy.ExtraStore ?? [])
        {
            if (!_presented.Exists(known => known.RawDataMemory.Span.SequenceEqual(extra.RawDataMemory.Span)))
            {
                _presented.Add(new X509Certificate2(extra));
            }
        }
    }

    private OpsException? Judge(X509Chain? chain, SslPolicyErrors errors)
    {
        if (errors == SslPolicyErrors.None)
        {
            return null;
        }

        if (_presented.Count == 0)
        {
            return new OpsException("Endpoint.TlsFailed", OpsErrorKind.Connection, $"{target} presented no certificate.", null, target);
        }

        var findings = new List<(string Id, string Text, string NextStep)>();
        var leaf = _presented[0];
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
        {
            findings.Add((
                "Endpoint.TlsNameMismatch",
                $"is for {CertificateNames.Of(leaf)}, not for {options.ServerName}",
                "Check the name asked for, and that the server presents the certificate of that site."));
        }

        var now = DateTime.UtcNow;
        foreach (var certificate in _presented.Concat(chain?.ChainElements.Select(element => element.Certificate) ?? [])
            .DistinctBy(certificate => certificate.Thumbprint))
        {
            var which = certificate.Thumbprint == leaf.Thumbprint ? string.Empty : $"has an issuer ({certificate.Subject}) that ";
            if (certificate.NotAfter.ToUniversalTime() < now)
            {
                findings.Add((
                    "Endpoint.TlsExpired",
                    $"{which}expired on {Display.Moment(certificate.NotAfter.ToUniversalTime())}",
                    "Renew the certificate and reload the server."));
            }
            else if (certificate.NotBefore.ToUniversalTime() > now)
            {
                findings.Add((
                    "Endpoint.TlsNotYetValid",
                    $"{which}is valid only from {Display.Moment(certificate.NotBefore.ToUniversalTime())}",
                    "Check the clocks of both machines."));
            }
        }

        var flags = (chain?.ChainStatus ?? []).Aggregate(X509ChainStatusFlags.NoError, (all, status) => all | status.Status);
        if ((flags & (X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.PartialChain)) != X509ChainStatusFlags.NoError)
        {
            var selfSigned = leaf.SubjectName.RawData.AsSpan().SequenceEqual(leaf.IssuerName.RawData);
            findings.Add(selfSigned
                ? ("Endpoint.TlsSelfSigned", "is self-signed", "Install a certificate of an authority, or name its file as the authority to trust (-CaFile).")
                : ("Endpoint.TlsUntrusted",
                    flags.HasFlag(X509ChainStatusFlags.PartialChain)
                        ? $"has an issuer ({leaf.Issuer}) that the server does not present and this machine does not know"
                        : $"comes from an authority that this machine does not trust ({leaf.Issuer})",
                    "Have the server present the whole chain, or name the authority's file (-CaFile)."));
        }

        if (findings.Count == 0)
        {
            var status = chain?.ChainStatus.FirstOrDefault();
            findings.Add((
                "Endpoint.TlsUntrusted",
                $"is not accepted ({status?.StatusInformation.Trim() ?? errors.ToString()})",
                "Look at the certificate: openssl s_client -connect " + target));
        }

        return new OpsException(
            findings[0].Id,
            OpsErrorKind.Connection,
            $"The certificate of {target} {string.Join(" and ", findings.Select(finding => finding.Text))}.",
            findings[0].NextStep,
            target);
    }
}
