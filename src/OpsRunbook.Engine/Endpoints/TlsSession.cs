using System.Diagnostics;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OpsRunbook.Engine.Endpoints;

/// <summary>A TLS connection after its handshake.</summary>
/// <param name="Stream">The encrypted stream; disposing it closes the connection.</param>
/// <param name="Handshake">How long the handshake took.</param>
/// <param name="Chain">Certificates the server presented, its own first.</param>
/// <param name="Problem">Why the certificate would not be accepted; null when it is fine.</param>
internal sealed record TlsSession(SslStream Stream, TimeSpan Handshake, IReadOnlyList<X509Certificate2> Chain, OpsException? Problem)
    : IAsyncDisposable
{
    /// <summary>Shakes hands over a connection. The connection is closed when that fails.</summary>
    /// <param name="connection">The plain connection.</param>
    /// <param name="target">What it is connected to, for messages.</param>
    /// <param name="options">Name, trust.</param>
    /// <param name="cancellationToken">Ends the handshake.</param>
    /// <returns>The session.</returns>
    /// <exception cref="OpsException"><c>Endpoint.TlsFailed</c>, <c>Endpoint.TlsNameMismatch</c>, <c>Endpoint.TlsUntrusted</c>, <c>Endpoint.TlsSelfSigned</c>, <c>Endpoint.TlsExpired</c>, <c>Endpoint.TlsNotYetValid</c>, <c>Endpoint.CaFileUnreadable</c>.</exception>
    public static async Task<TlsSession> OpenAsync(Stream connection, string target, TlsOptions options, CancellationToken cancellationToken)
    {
        var presented = new List<X509Certificate2>();
        OpsException? problem = null;
        var tls = new SslStream(connection, leaveInnerStreamOpen: false);
        try
        {
            var policy = TrustPolicy(options.CaFile);
            var start = Stopwatch.GetTimestamp();
            var settings = new SslClientAuthenticationOptions
            {
                TargetHost = options.ServerName,
                CertificateChainPolicy = policy,
                RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
                {
                    Collect(presented, certificate, chain);
                    if (options.AnyName)
                    {
                        errors &= ~SslPolicyErrors.RemoteCertificateNameMismatch;
                    }

                    problem = Judge(target, options, presented, chain, errors);
                    return problem is null || options.Insecure;
                },
            };
            await tls.AuthenticateAsClientAsync(settings, cancellationToken);
            return new TlsSession(tls, Stopwatch.GetElapsedTime(start), presented, problem);
        }
        catch (Exception error)
        {
            await tls.DisposeAsync();
            if (error is OperationCanceledException or OpsException)
            {
                throw;
            }

            if (problem is not null)
            {
                throw problem;
            }

            if (error is AuthenticationException or IOException or ObjectDisposedException)
            {
                throw Failed(target, error);
            }

            throw;
        }
    }

    public ValueTask DisposeAsync() => Stream.DisposeAsync();

    /// <summary>The certificate's names, for a message.</summary>
    internal static string Names(X509Certificate2 certificate)
    {
        var names = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>()
            .SelectMany(extension => extension.EnumerateDnsNames().Concat(extension.EnumerateIPAddresses().Select(address => address.ToString())))
            .ToList();
        return names.Count switch
        {
            0 => certificate.Subject,
            > 4 => string.Join(", ", names.Take(4)) + $" and {names.Count - 4} more",
            _ => string.Join(", ", names),
        };
    }

    private static X509ChainPolicy TrustPolicy(string? caFile)
    {
        // Nothing is fetched during the handshake: it would escape the timeout, and would hide a chain
        // that the server presents incompletely and other clients refuse.
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        if (caFile is null)
        {
            return policy;
        }

        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        try
        {
            policy.CustomTrustStore.ImportFromPemFile(caFile);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw CaFile(caFile, error.Message, error);
        }

        return policy.CustomTrustStore.Count > 0 ? policy : throw CaFile(caFile, "There is no PEM certificate in it.");
    }

    private static OpsException CaFile(string path, string cause, Exception? inner = null) => new(
        "Endpoint.CaFileUnreadable",
        OpsErrorKind.InvalidArgument,
        $"The file of certificate authorities '{path}' cannot be used: {cause}",
        "Name a file with one or more PEM certificates.",
        path,
        inner);

    private static void Collect(List<X509Certificate2> presented, X509Certificate? certificate, X509Chain? chain)
    {
        if (certificate is null || presented.Count > 0)
        {
            return;
        }

        // Copies: the originals are disposed when the callback returns.
        presented.Add(new X509Certificate2(certificate));
        foreach (var extra in chain?.ChainPolicy.ExtraStore ?? [])
        {
            if (!presented.Exists(known => known.RawDataMemory.Span.SequenceEqual(extra.RawDataMemory.Span)))
            {
                presented.Add(new X509Certificate2(extra));
            }
        }
    }

    private static OpsException? Judge(
        string target,
        TlsOptions options,
        List<X509Certificate2> presented,
        X509Chain? chain,
        SslPolicyErrors errors)
    {
        if (errors == SslPolicyErrors.None)
        {
            return null;
        }

        if (presented.Count == 0)
        {
            return new OpsException("Endpoint.TlsFailed", OpsErrorKind.Connection, $"{target} presented no certificate.", null, target);
        }

        var findings = new List<(string Id, string Text, string NextStep)>();
        var leaf = presented[0];
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
        {
            findings.Add((
                "Endpoint.TlsNameMismatch",
                $"is for {Names(leaf)}, not for {options.ServerName}",
                "Check the name asked for, and that the server presents the certificate of that site."));
        }

        var now = DateTime.UtcNow;
        foreach (var certificate in presented.Concat(chain?.ChainElements.Select(element => element.Certificate) ?? [])
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

    private static OpsException Failed(string target, Exception error)
    {
        var innermost = error.GetBaseException().Message;
        var (cause, next) = innermost switch
        {
            _ when innermost.Contains("frame", StringComparison.OrdinalIgnoreCase) || innermost.Contains("wrong version number", StringComparison.Ordinal) =>
                ("it does not speak TLS", "Check the port: this one may be for plain connections."),
            _ when innermost.Contains("unsupported protocol", StringComparison.Ordinal) || innermost.Contains("protocol version", StringComparison.Ordinal)
                || innermost.Contains("ProtocolVersion", StringComparison.Ordinal) =>
                ("it offers only protocol versions that are no longer accepted", "Enable TLS 1.2 or 1.3 on the server."),
            _ when innermost.Contains("unexpected EOF", StringComparison.OrdinalIgnoreCase) || error is IOException =>
                ($"it closed the connection ({innermost})", "Check that the port speaks TLS and that the server knows the name."),
            _ => (innermost, "Look closer with: openssl s_client -connect " + target),
        };
        return new OpsException("Endpoint.TlsFailed", OpsErrorKind.Connection, $"The TLS handshake with {target} failed: {cause}.", next, target, error);
    }
}
