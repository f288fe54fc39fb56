using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace OpsRunbook.Engine.Certificates;

/// <summary>A self-signed certificate with its key, ready to be written.</summary>
/// <param name="Certificate">PEM.</param>
/// <param name="Key">PKCS #8 PEM.</param>
/// <param name="Thumbprint">SHA-256 of the certificate.</param>
/// <param name="NotAfter">Until when it is valid, UTC.</param>
internal sealed record TemporaryCertificate(byte[] Certificate, byte[] Key, string Thumbprint, DateTime NotAfter)
{
    private const int RsaBits = 2048;
    private const int LongestCommonName = 64;

    // Clocks of clients that are a little slow shall accept it at once.
    private static readonly TimeSpan Slack = TimeSpan.FromHours(1);

    /// <summary>Makes one.</summary>
    /// <param name="names">Names and addresses; at least one.</param>
    /// <param name="rsa">RSA instead of ECDSA.</param>
    /// <param name="lifetime">How long it is valid from now.</param>
    /// <returns>The certificate.</returns>
    public static TemporaryCertificate Issue(IReadOnlyList<string> names, bool rsa, TimeSpan lifetime)
    {
        using AsymmetricAlgorithm key = rsa ? RSA.Create(RsaBits) : ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var subject = new X500DistinguishedNameBuilder();
        subject.AddCommonName(names.FirstOrDefault(name => name.Length <= LongestCommonName) ?? "temporary");
        var request = key is RSA pair
            ? new CertificateRequest(subject.Build(), pair, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            : new CertificateRequest(subject.Build(), (ECDsa)key, HashAlgorithmName.SHA256);
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (var name in names)
        {
            if (IPAddress.TryParse(name.Trim('[', ']'), out var address))
            {
                alternatives.AddIpAddress(address);
            }
            else
            {
                alternatives.AddDnsName(name);
            }
        }

        request.CertificateExtensions.Add(alternatives.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature | (rsa ? X509KeyUsageFlags.KeyEncipherment : X509KeyUsageFlags.None), true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        var now = DateTimeOffset.UtcNow;
        using var certificate = request.CreateSelfSigned(now - Slack, now + lifetime);
        return new TemporaryCertificate(
            Encoding.ASCII.GetBytes(certificate.ExportCertificatePem() + "\n"),
            Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem() + "\n"),
            CertificateJudge.Thumbprint(certificate),
            certificate.NotAfter.ToUniversalTime());
    }

    // The compiler's ToString would print the key.
    private bool PrintMembers(StringBuilder builder)
    {
        builder.Append(Thumbprint);
        return true;
    }
}
