using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OpsRunbook.Engine.Certificates;

/// <summary>The authorities that are trusted: this machine's, or those of a file.</summary>
internal sealed class TrustStore
{
    private static readonly Lazy<TrustStore> OfMachine = new(() => new TrustStore(ReadMachine(), isMachine: true));

    private readonly X509Certificate2Collection _known;
    private readonly Lazy<ILookup<string, X509Certificate2>> _bySubject;
    private readonly HashSet<string> _thumbprints;
    private readonly bool _isMachine;

    private TrustStore(X509Certificate2Collection known, bool isMachine)
    {
        _known = known;
        _isMachine = isMachine;
        _bySubject = new(() => known.ToLookup(certificate => NameKey(certificate.SubjectName), StringComparer.Ordinal));
        _thumbprints = known.Where(IsSelfIssued).Select(certificate => certificate.Thumbprint).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>The authorities that this machine trusts.</summary>
    public static TrustStore Machine => OfMachine.Value;

    /// <summary>The authorities of a file, or this machine's.</summary>
    /// <param name="caFile">PEM file; null for this machine's.</param>
    /// <returns>The authorities.</returns>
    /// <exception cref="OpsException"><c>Endpoint.CaFileUnreadable</c>.</exception>
    public static TrustStore Of(string? caFile) => caFile is null ? Machine : Read(caFile);

    /// <summary>The authorities of a file.</summary>
    /// <param name="path">PEM file.</param>
    /// <returns>The authorities.</returns>
    /// <exception cref="OpsException"><c>Endpoint.CaFileUnreadable</c>.</exception>
    public static TrustStore Read(string path)
    {
        var known = new X509Certificate2Collection();
        try
        {
            known.ImportFromPemFile(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw CertificateErrors.CaFile(path, error.Message, error);
        }

        return known.Count > 0 ? new TrustStore(known, isMachine: false) : throw CertificateErrors.CaFile(path, "There is no PEM certificate in it.");
    }

    /// <summary>A certificate names itself as its issuer.</summary>
    /// <param name="certificate">The certificate.</param>
    /// <returns>True when it does.</returns>
    public static bool IsSelfIssued(X509Certificate2 certificate) =>
        certificate.SubjectName.RawData.AsSpan().SequenceEqual(certificate.IssuerName.RawData);

    /// <summary>Names compare whatever their string types and capital letters, as in OpenSSL.</summary>
    /// <param name="name">The name.</param>
    /// <returns>A key to compare.</returns>
    public static string NameKey(X500DistinguishedName name) => name.Decode(X500DistinguishedNameFlags.None).ToUpperInvariant();

    /// <summary>Certificates that may be the issuer of another, by its name.</summary>
    /// <param name="certificate">The other.</param>
    /// <returns>The candidates.</returns>
    public IEnumerable<X509Certificate2> IssuersOf(X509Certificate2 certificate) => _bySubject.Value[NameKey(certificate.IssuerName)];

    /// <summary>It is one of the authorities.</summary>
    /// <param name="certificate">The certificate.</param>
    /// <returns>True when it is.</returns>
    public bool Contains(X509Certificate2 certificate) => _thumbprints.Contains(certificate.Thumbprint);

    /// <summary>Trust by these authorities. Nothing is fetched: it would hide that a server presents its chain incompletely, and would not end in time.</summary>
    /// <returns>A policy to build a chain by.</returns>
    public X509ChainPolicy Policy()
    {
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        if (!_isMachine)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.AddRange(_known);
        }

        return policy;
    }

    private static X509Certificate2Collection ReadMachine()
    {
        var known = new X509Certificate2Collection();
        foreach (var (name, location) in new[]
        {
            (StoreName.Root, StoreLocation.LocalMachine), (StoreName.Root, StoreLocation.CurrentUser),
            (StoreName.CertificateAuthority, StoreLocation.LocalMachine), (StoreName.CertificateAuthority, StoreLocation.CurrentUser),
        })
        {
            try
            {
                using var store = new X509Store(name, location);
                store.Open(OpenFlags.ReadOnly | OpenFlags.OpenExistingOnly);
                known.AddRange(store.Certificates);
            }
            catch (CryptographicException)
            {
                // There is no such store for this user.
            }
        }

        return known;
    }
}
