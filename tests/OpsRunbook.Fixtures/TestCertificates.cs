using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OpsRunbook.Fixtures;

/// <summary>A certificate with its key, as PEM files.</summary>
/// <param name="CertificateFile">The certificate.</param>
/// <param name="ChainFile">The certificate and those above it up to, and without, the root.</param>
/// <param name="KeyFile">Its private key (PKCS #8), mode 0600.</param>
public sealed record TestCertificate(string CertificateFile, string ChainFile, string KeyFile);

/// <summary>A certificate authority of our own for one test process, and certificates from it.</summary>
public static class TestCertificates
{
    private static readonly Lazy<(X509Certificate2 Certificate, string File)> Root = new(MakeRoot);
    private static readonly Lazy<TestCertificate> SharedServer = new(() => Issue("localhost"));

    /// <summary>PEM file of the authority.</summary>
    public static string CaFile => Root.Value.File;

    /// <summary>A valid certificate for <c>localhost</c>, <c>127.0.0.1</c> and <c>::1</c>.</summary>
    public static TestCertificate Localhost => SharedServer.Value;

    /// <summary>Issues a server certificate. <c>localhost</c> covers the loopback addresses too.</summary>
    /// <param name="name">Common name and first subject alternative name.</param>
    /// <param name="from">Begin of validity; null for yesterday.</param>
    /// <param name="until">End of validity; null for a year from now.</param>
    /// <param name="rsa">RSA 2048 instead of ECDSA P-256.</param>
    /// <param name="alternativeNames">Further names.</param>
    /// <returns>The files.</returns>
    public static TestCertificate Issue(
        string name,
        DateTimeOffset? from = null,
        DateTimeOffset? until = null,
        bool rsa = false,
        params string[] alternativeNames)
    {
        var folder = TestRun.NewFolder("certificate");
        using AsymmetricAlgorithm key = rsa ? RSA.Create(2048) : ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var subject = new X500DistinguishedName($"CN={name}");
        var request = key is RSA rsaKey
            ? new CertificateRequest(subject, rsaKey, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            : new CertificateRequest(subject, (ECDsa)key, HashAlgorithmName.SHA256);

        var names = new SubjectAlternativeNameBuilder();
        foreach (var each in alternativeNames.Prepend(name))
        {
            if (IPAddress.TryParse(each, out var address))
            {
                names.AddIpAddress(address);
            }
            else
            {
                names.AddDnsName(each);
            }
        }

        if (name == "localhost")
        {
            names.AddIpAddress(IPAddress.Loopback);
            names.AddIpAddress(IPAddress.IPv6Loopback);
        }

        var root = Root.Value.Certificate;
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(root, true, false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));

        using var certificate = request.Create(
            root.SubjectName,
            X509SignatureGenerator.CreateForECDsa(root.GetECDsaPrivateKey()!),
            from ?? DateTimeOffset.UtcNow.AddDays(-1),
            until ?? DateTimeOffset.UtcNow.AddYears(1),
            RandomNumberGenerator.GetBytes(16));
        return Write(folder, certificate, key);
    }

    /// <summary>Issues a certificate that expired yesterday.</summary>
    /// <param name="name">Name of the server.</param>
    /// <returns>The files.</returns>
    public static TestCertificate Expired(string name = "localhost") =>
        Issue(name, DateTimeOffset.UtcNow.AddDays(-30), DateTimeOffset.UtcNow.AddDays(-1));

    /// <summary>Issues a certificate for another name than any server here has.</summary>
    /// <returns>The files.</returns>
    public static TestCertificate WrongName() => Issue("elsewhere.example.test");

    /// <summary>Makes a certificate that nobody vouches for.</summary>
    /// <param name="name">Name of the server.</param>
    /// <returns>The files.</returns>
    public static TestCertificate SelfSigned(string name = "localhost")
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddYears(1));
        return Write(TestRun.NewFolder("certificate"), certificate, key);
    }

    private static TestCertificate Write(string folder, X509Certificate2 certificate, AsymmetricAlgorithm key)
    {
        var files = new TestCertificate(Path.Combine(folder, "cert.pem"), Path.Combine(folder, "fullchain.pem"), Path.Combine(folder, "key.pem"));
        File.WriteAllText(files.CertificateFile, certificate.ExportCertificatePem() + "\n");
        File.WriteAllText(files.ChainFile, certificate.ExportCertificatePem() + "\n");
        File.WriteAllText(files.KeyFile, key.ExportPkcs8PrivateKeyPem() + "\n");
        File.SetUnixFileMode(files.KeyFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return files;
    }

    private static (X509Certificate2 Certificate, string File) MakeRoot()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=OpsRunbook test authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddYears(-1), DateTimeOffset.UtcNow.AddYears(10));
        var file = Path.Combine(TestRun.NewFolder("authority"), "ca.pem");
        File.WriteAllText(file, certificate.ExportCertificatePem() + "\n");
        return (certificate, file);
    }
}
