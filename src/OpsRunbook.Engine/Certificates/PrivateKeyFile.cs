using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Certificates;

/// <summary>
/// The public part (SubjectPublicKeyInfo) of private keys. That is what is compared with a certificate: comparing RSA moduli finds every
/// ECDSA key to be wrong. The key itself never leaves this class.
/// </summary>
internal static class PrivateKeyFile
{
    private const int MaximumBytes = 256 * 1024;

    /// <summary>Reads the public part of a key file.</summary>
    /// <param name="host">Host of the file.</param>
    /// <param name="path">The file: PEM or DER, encrypted or not.</param>
    /// <param name="password">Its passphrase; null for none.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>SubjectPublicKeyInfo.</returns>
    /// <exception cref="OpsException"><c>Certificate.KeyMissing</c>, <c>Certificate.KeyInvalid</c>, <c>Certificate.KeyPassphraseMissing</c>, <c>Certificate.KeyPassphraseWrong</c>, or of the host.</exception>
    public static async Task<byte[]> ReadAsync(IHost host, string path, string? password, CancellationToken cancellationToken)
    {
        var content = await host.ReadFileAsync(path, MaximumBytes, cancellationToken)
            ?? throw new OpsException("Certificate.KeyMissing", OpsErrorKind.NotFound, $"The key file {path} does not exist on {host.Name}.", "Check the path.", path);
        var block = PemBlock.ReadAll(content).Find(block => block.Label.EndsWith("PRIVATE KEY", StringComparison.Ordinal));
        var (key, problem) = TryParse(path, block ?? new PemBlock("PRIVATE KEY", default, content), password);
        CryptographicOperations.ZeroMemory(content);

        // Kinds that .NET does not know, and the old way of encrypting, are left to the host's own OpenSSL.
        return key ?? (problem!.Id == "Certificate.KeyPassphraseMissing" ? throw problem : await AskOpenSslAsync(host, path, password, problem, cancellationToken));
    }

    /// <summary>Reads the public part of a key that lies in a file with certificates.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="block">The key.</param>
    /// <param name="password">Its passphrase; null for none.</param>
    /// <returns>SubjectPublicKeyInfo, or why there is none.</returns>
    public static (byte[]? Key, OpsException? Problem) TryParse(string path, PemBlock block, string? password)
    {
        if (block.Data is not { } data)
        {
            return (null, block.Whole.Span.IndexOf("ENCRYPTED"u8) >= 0 && password is null ? PassphraseMissing(path) : Invalid(path));
        }

        var encrypted = block.Label == "ENCRYPTED PRIVATE KEY";
        if (encrypted && password is null)
        {
            return (null, PassphraseMissing(path));
        }

        AsymmetricAlgorithm[] kinds = [ECDsa.Create(), RSA.Create()];
        try
        {
            return kinds.Select(kind => TryImport(kind, block.Label, data, password)).FirstOrDefault(key => key is not null) is { } found
                ? (found, null)
                : (null, encrypted ? PassphraseWrong(path) : Invalid(path));
        }
        finally
        {
            Array.ForEach(kinds, kind => kind.Dispose());
        }
    }

    /// <summary>SubjectPublicKeyInfo of the private key that came with a certificate.</summary>
    /// <param name="certificate">The certificate.</param>
    /// <returns>Null when it is of a kind that cannot be read.</returns>
    public static byte[]? PublicPart(X509Certificate2 certificate)
    {
        using AsymmetricAlgorithm? key = (AsymmetricAlgorithm?)certificate.GetECDsaPrivateKey() ?? certificate.GetRSAPrivateKey();
        return key?.ExportSubjectPublicKeyInfo();
    }

    /// <summary>Whether a key belongs to a certificate: kind and bits are compared, not parameters that may be left out.</summary>
    /// <param name="key">SubjectPublicKeyInfo of the private key.</param>
    /// <param name="certificate">The certificate.</param>
    /// <returns>True when it does.</returns>
    public static bool IsKeyOf(byte[] key, X509Certificate2 certificate)
    {
        var info = PublicKey.CreateFromSubjectPublicKeyInfo(key, out _);
        return info.Oid.Value == certificate.GetKeyAlgorithm() && info.EncodedKeyValue.RawData.AsSpan().SequenceEqual(certificate.GetPublicKey());
    }

    private static byte[]? TryImport(AsymmetricAlgorithm kind, string label, byte[] data, string? password)
    {
        try
        {
            switch (label)
            {
                case "ENCRYPTED PRIVATE KEY":
                    kind.ImportEncryptedPkcs8PrivateKey(password, data, out _);
                    break;
                case "EC PRIVATE KEY" when kind is ECDsa ec:
                    ec.ImportECPrivateKey(data, out _);
                    break;
                case "RSA PRIVATE KEY" when kind is RSA rsa:
                    rsa.ImportRSAPrivateKey(data, out _);
                    break;
                case "PRIVATE KEY":
                    kind.ImportPkcs8PrivateKey(data, out _);
                    break;
                default:
                    return null;
            }

            return kind.ExportSubjectPublicKeyInfo();
        }
        catch (Exception error) when (error is CryptographicException or PlatformNotSupportedException)
        {
            // Another kind of key and a wrong passphrase look alike here.
            return null;
        }
    }

    private static async Task<byte[]> AskOpenSslAsync(IHost host, string path, string? password, OpsException problem, CancellationToken cancellationToken)
    {
        CommandResult result;
        try
        {
            result = await host.RunAsync(
                new HostCommand("openssl", "pkey", "-in", path, "-passin", "stdin", "-pubout") { StandardInput = Encoding.UTF8.GetBytes((password ?? string.Empty) + "\n") },
                cancellationToken);
        }
        catch (OpsException error) when (error.Id is "Host.CommandNotFound" or "Host.CommandForbidden")
        {
            throw problem;
        }

        var block = PemBlock.ReadAll(Encoding.ASCII.GetBytes(result.StandardOutput)).Find(block => block.Label == "PUBLIC KEY");
        return block?.Data
            ?? throw (result.StandardError.Contains("bad decrypt", StringComparison.Ordinal) || result.StandardError.Contains("bad password", StringComparison.Ordinal)
                ? password is null ? PassphraseMissing(path) : PassphraseWrong(path)
                : problem);
    }

    private static OpsException Invalid(string path) => new(
        "Certificate.KeyInvalid", OpsErrorKind.InvalidData, $"{path} holds no private key that can be read.", "Check that it is the right file: openssl pkey -noout -in FILE.", path);

    private static OpsException PassphraseMissing(string path) => new(
        "Certificate.KeyPassphraseMissing", OpsErrorKind.PermissionDenied, $"The key {path} is encrypted, so it is not known whether it belongs to the certificate.", "Give its passphrase with -Credential; the user name does not matter.", path);

    private static OpsException PassphraseWrong(string path) => new(
        "Certificate.KeyPassphraseWrong", OpsErrorKind.PermissionDenied, $"The passphrase does not open the key {path}.", "Give the right one with -Credential.", path);
}
