using System.Formats.Asn1;
using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace OpsRunbook.Engine.Certificates;

/// <summary>The names that a certificate is for.</summary>
/// <param name="Dns">DNS names as they are written, in ASCII form.</param>
/// <param name="Addresses">IP addresses.</param>
/// <param name="CommonName">Common name of the subject; null for none.</param>
internal sealed record CertificateNames(IReadOnlyList<string> Dns, IReadOnlyList<IPAddress> Addresses, string? CommonName)
{
    private const string AlternativeNames = "2.5.29.17";
    private static readonly Asn1Tag DnsTag = new(TagClass.ContextSpecific, 2);
    private static readonly Asn1Tag AddressTag = new(TagClass.ContextSpecific, 7);
    private static readonly IdnMapping Idn = new() { AllowUnassigned = true };

    /// <summary>It has DNS names or addresses of its own; the common name is only looked at when it has none, and by browsers not at all.</summary>
    public bool HasAlternativeNames => Dns.Count + Addresses.Count > 0;

    /// <summary>Everything that it is for.</summary>
    public IReadOnlyList<string> All => HasAlternativeNames ? [.. Dns, .. Addresses.Select(address => address.ToString())]
        : CommonName is null ? [] : [CommonName];

    /// <summary>The names of a certificate.</summary>
    /// <param name="certificate">The certificate.</param>
    /// <returns>Its names; those of an extension that cannot be decoded are as if they were not there.</returns>
    public static CertificateNames Of(X509Certificate2 certificate)
    {
        var dns = new List<string>();
        var addresses = new List<IPAddress>();
        foreach (var extension in certificate.Extensions)
        {
            if (extension.Oid?.Value == AlternativeNames)
            {
                Read(extension.RawData, dns, addresses);
            }
        }

        var common = certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false);
        return new CertificateNames(dns, addresses, certificate.Subject.Contains("CN=", StringComparison.Ordinal) && common.Length > 0 ? common : null);
    }

    /// <summary>Whether the certificate is for a name, as <c>openssl x509 -checkhost</c> and <c>-checkip</c> judge it.</summary>
    /// <param name="name">DNS name, with or without its dot at the end, or an IP address.</param>
    /// <returns>True when it is.</returns>
    public bool Match(string name)
    {
        if (IPAddress.TryParse(name.Trim('[', ']'), out var address))
        {
            return Addresses.Any(address.Equals);
        }

        var wanted = ToAscii(name.TrimEnd('.'));
        return Dns.Any(pattern => Fits(pattern, wanted)) || (!HasAlternativeNames && CommonName is not null && Fits(CommonName, wanted));
    }

    /// <summary>The names for a message.</summary>
    public override string ToString()
    {
        var all = All;
        return all.Count switch
        {
            0 => "no name at all",
            > 4 => $"{string.Join(", ", all.Take(4))} and {all.Count - 4} more",
            _ => string.Join(", ", all),
        };
    }

    private static void Read(byte[] extension, List<string> dns, List<IPAddress> addresses)
    {
        try
        {
            var names = new AsnReader(extension, AsnEncodingRules.BER).ReadSequence();
            while (names.HasData)
            {
                var tag = names.PeekTag();
                if (tag.HasSameClassAndValue(DnsTag))
                {
                    dns.Add(Encoding.UTF8.GetString(names.ReadOctetString(DnsTag)));
                }
                else if (tag.HasSameClassAndValue(AddressTag) && names.ReadOctetString(AddressTag) is { Length: 4 or 16 } bytes)
                {
                    addresses.Add(new IPAddress(bytes));
                }
                else if (!tag.HasSameClassAndValue(AddressTag))
                {
                    names.ReadEncodedValue();
                }
            }
        }
        catch (AsnContentException)
        {
            // Clients do not read it either.
        }
    }

    private static string ToAscii(string name)
    {
        try
        {
            return Ascii.IsValid(name) ? name : Idn.GetAscii(name);
        }
        catch (ArgumentException)
        {
            return name;
        }
    }

    // A star stands for one whole first label, and there are two more labels after it, as OpenSSL has it.
    private static bool Fits(string pattern, string name)
    {
        if (!pattern.StartsWith("*.", StringComparison.Ordinal))
        {
            return string.Equals(pattern, name, StringComparison.OrdinalIgnoreCase);
        }

        var dot = name.IndexOf('.', StringComparison.Ordinal);
        return dot > 0
            && pattern.AsSpan(2).Contains('.')
            && name.AsSpan(dot).Equals(pattern.AsSpan(1), StringComparison.OrdinalIgnoreCase);
    }
}
