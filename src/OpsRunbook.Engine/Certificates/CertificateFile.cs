using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace OpsRunbook.Engine.Certificates;

/// <summary>Reads certificates out of files: PEM with anything around it, DER, PKCS #12, PKCS #7.</summary>
internal static class CertificateFile
{
    /// <summary>No certificate file comes near this; what is larger is another file.</summary>
    public const int MaximumBytes = 4 * 1024 * 1024;

    /// <summary>Reads a file's content.</summary>
    /// <param name="path">Where it comes from, for messages.</param>
    /// <param name="content">The content.</param>
    /// <param name="password">Passphrase of a PKCS #12 file or an encrypted key in it; null for none.</param>
    /// <returns>At least one certificate.</returns>
    /// <exception cref="OpsException"><c>Certificate.FileEmpty</c>, <c>Certificate.FileInvalid</c>, <c>Certificate.FileDamaged</c>, <c>Certificate.KeyInstead</c>, <c>Certificate.PasswordWrong</c>.</exception>
    public static CertificateContent Parse(string path, byte[] content, string? password)
    {
        // Some editors of other systems write text as UTF-16.
        if (content is [0xff, 0xfe, ..] or [0xfe, 0xff, ..])
        {
            var wide = content[0] == 0xff ? Encoding.Unicode : Encoding.BigEndianUnicode;
            content = Encoding.ASCII.GetBytes(wide.GetString(content, 2, content.Length - 2));
        }

        if (content.AsSpan().IndexOf("-----BEGIN "u8) >= 0)
        {
            return ParsePem(path, content, password);
        }

        if (content.AsSpan().IndexOfAnyExcept(" \t\r\n\0"u8) < 0)
        {
            throw CertificateErrors.FileEmpty(path);
        }

        return content[0] == 0x30 ? ParseDer(path, content, password) : throw CertificateErrors.NotACertificate(path, "it is neither PEM, DER nor PKCS #12");
    }

    private static CertificateContent ParsePem(string path, byte[] content, string? password)
    {
        var certificates = new List<X509Certificate2>();
        byte[]? key = null;
        OpsException? keyProblem = null;
        OpsException? damaged = null;
        var labels = new List<string>();
        foreach (var block in PemBlock.ReadAll(content))
        {
            labels.Add(block.Label);
            switch (block.Label)
            {
                case "CERTIFICATE" or "X509 CERTIFICATE" or "TRUSTED CERTIFICATE":
                    if ((block.Data is { } data ? TryLoad(data) : null) is { } certificate)
                    {
                        certificates.Add(certificate);
                    }
                    else
                    {
                        damaged ??= CertificateErrors.Damaged(
                            path, $"certificate {labels.Count(label => label.EndsWith("CERTIFICATE", StringComparison.Ordinal))} of it {(block.Data is null ? "is cut off or is not Base64" : "cannot be decoded")}");
                    }

                    break;
                case "PKCS7" or "CMS" when block.Data is not null:
                    certificates.AddRange(LoadBag(path, block.Data));
                    break;
                case var label when key is null && label.EndsWith("PRIVATE KEY", StringComparison.Ordinal):
                    (key, keyProblem) = PrivateKeyFile.TryParse(path, block, password);
                    break;
                default:
                    break;
            }
        }

        return certificates.Count > 0 ? new CertificateContent(certificates, key, keyProblem, damaged)
            : damaged is not null ? throw damaged
            : labels.Exists(label => label.EndsWith("PRIVATE KEY", StringComparison.Ordinal)) ? throw CertificateErrors.KeyInstead(path)
            : throw CertificateErrors.NotACertificate(path, labels.Count == 0 ? "its text cannot be read" : $"it holds '{labels[0]}'");
    }

    private static CertificateContent ParseDer(string path, byte[] content, string? password)
    {
        byte[] whole;
        Asn1Tag inner;
        var version = -1;
        try
        {
            var outer = new AsnReader(content, AsnEncodingRules.BER);
            whole = outer.PeekEncodedValue().ToArray();
            var sequence = outer.ReadSequence();
            inner = sequence.PeekTag();
            if (inner == Asn1Tag.Integer && !sequence.TryReadInt32(out version))
            {
                version = -1;
            }
        }
        catch (AsnContentException)
        {
            throw CertificateErrors.Damaged(path, "it is cut off, or is no DER");
        }

        if (inner == Asn1Tag.ObjectIdentifier)
        {
            return new CertificateContent(LoadBag(path, whole));
        }

        if (inner == Asn1Tag.Integer)
        {
            // Version 3 is that of PKCS #12; keys have 0 or 1.
            return version == 3 ? LoadPkcs12(path, whole, password) : throw CertificateErrors.KeyInstead(path);
        }

        return TryLoad(whole) is { } certificate ? new CertificateContent([certificate])
            : throw CertificateErrors.NotACertificate(path, "its DER is that of something else");
    }

    private static X509Certificate2? TryLoad(byte[] data)
    {
        try
        {
            // What follows the certificate (trust settings of OpenSSL, junk) is not part of it.
            AsnDecoder.ReadEncodedValue(data, AsnEncodingRules.BER, out _, out _, out var length);
            var certificate = new X509Certificate2(data.AsSpan(0, length));
            _ = certificate.NotAfter;
            return certificate;
        }
        catch (Exception error) when (error is CryptographicException or AsnContentException)
        {
            return null;
        }
    }

    private static X509Certificate2[] LoadBag(string path, byte[] data)
    {
        try
        {
            var bag = new X509Certificate2Collection();
            bag.Import(data);
            return bag.Count > 0 ? [.. bag] : throw CertificateErrors.NotACertificate(path, "it is a PKCS #7 file without certificates");
        }
        catch (Exception error) when (error is CryptographicException or PlatformNotSupportedException)
        {
            throw CertificateErrors.Damaged(path, error.Message.TrimEnd('.'));
        }
    }

    private static CertificateContent LoadPkcs12(string path, byte[] data, string? password)
    {
        var bag = new X509Certificate2Collection();
        try
        {
            bag.Import(data, password, X509KeyStorageFlags.EphemeralKeySet);
        }
        catch (Exception error) when (error is CryptographicException or PlatformNotSupportedException)
        {
            // One message stands for both on this platform; a file that is whole enough to be recognised rarely is the fault.
            throw error.Message.Contains("password", StringComparison.OrdinalIgnoreCase)
                ? CertificateErrors.PasswordWrong(path, password is not null)
                : CertificateErrors.Damaged(path, error.Message.TrimEnd('.'));
        }

        if (bag.Count == 0)
        {
            throw CertificateErrors.NotACertificate(path, "it is a PKCS #12 file without certificates");
        }

        // The one with the key comes last in some files; it is what the file is for.
        X509Certificate2[] certificates = [.. bag.OrderByDescending(certificate => certificate.HasPrivateKey)];
        return new CertificateContent(certificates, certificates[0].HasPrivateKey ? PrivateKeyFile.PublicPart(certificates[0]) : null);
    }
}
