using System.Buffers;
using System.Formats.Asn1;
using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace OpsRunbook.Engine.Certificates;

/// <summary>The names that a certificate is for.</summary>
/// <param name="Dns">DNS names as they are written, in ASCII form.</param>
/// <param name="Addresses">IP addresses.</param>
/// <param name="CommonNames">Common names of the subject.</param>
/// <param name="IsDamaged">Its alternative names cannot be decoded as a whole.</param>
internal sealed record CertificateNames(IReadOnlyList<string> Dns, IReadOnlyList<IPAddress> Addresses, IReadOnlyList<string> CommonNames, bool IsDamaged)
{
    private const string AlternativeNames = "2.5.29.17";
    private const string CommonName = "2.5.4.3";
    private static readonly Asn1Tag DnsTag = new(TagClass.ContextSpecific, 2);
    private static readonly Asn1Tag AddressTag = new(TagClass.ContextSpecific, 7);
    private static readonly IdnMapping Idn = new() { AllowUnassigned = true };
    private static readonly SearchValues<char> LabelCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");

    /// <summary>It has DNS names or addresses of its own; the common name is only looked at when it has none, and by browsers not at all.</summary>
    public bool HasAlternativeNames => Dns.Count + Addresses.Count > 0;

    /// <summary>Everything that it is for.</summary>
    public IReadOnlyList<string> All => HasAlternativeNames ? [.. Dns, .. Addresses.Select(address => address.ToString())]
        : CommonNames;

    /// <summary>The names of a certificate.</summary>
    /// <param name="certificate">The certificate.</param>
    /// <returns>Its names; those of an extension that cannot be decoded are as if they were not there.</returns>
    public static CertificateNames Of(X509Certificate2 certificate)
    {
        var dns = new List<string>();
        var addresses = new List<IPAddress>();
        var isDamaged = false;
        foreach (var extension in certificate.Extensions)
        {
            if (extension.Oid?.Value == AlternativeNames)
            {
                isDamaged |= !Read(extension.RawData, dns, addresses);
            }
        }

        return new CertificateNames(dns, addresses, CommonNamesOf(certificate.SubjectName), isDamaged);
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
        return (Dns.Count > 0 ? Dns : CommonNames).Any(pattern => Fits(pattern, wanted));
    }

    /// <summary>Whether the certificate is for a name by its common name alone.</summary>
    /// <param name="name">DNS name.</param>
    /// <returns>True when it is.</returns>
    public bool MatchOnlyByCommonName(string name) => Dns.Count == 0 && !IPAddress.TryParse(name.Trim('[', ']'), out _) && Match(name);

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

    private static bool Read(byte[] extension, List<string> dns, List<IPAddress> addresses)
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

            return true;
        }
        catch (AsnContentException)
        {
            return false;
        }
    }

    // A subject may have several, and clients look at each of them.
    private static List<string> CommonNamesOf(X500DistinguishedName subject)
    {
        var found = new List<string>();
        try
        {
            var parts = new AsnReader(subject.RawData, AsnEncodingRules.BER).ReadSequence();
            while (parts.HasData)
            {
                var part = parts.ReadSetOf(skipSortOrderValidation: true);
                while (part.HasData)
                {
                    var attribute = part.ReadSequence();
                    if (attribute.ReadObjectIdentifier() == CommonName)
                    {
                        found.Add(attribute.ReadCharacterString((UniversalTagNumber)attribute.PeekTag().TagValue));
                    }
                }
            }
        }
        catch (Exception error) when (error is AsnContentException or ArgumentException)
        {
            // What is not text is no name.
        }

        return found;
    }

    private static string ToAscii(string name)
    {
        try
        {
            return Ascii.IsValid(name) ? name : Idn.GetAscii(name.ToLowerInvariant());
        }
        catch (ArgumentException)
        {
            return name;
        }
    }

    // A star stands for one whole first label of letters, digits and hyphens, and there are two more such labels after it, as OpenSSL
    // has it; OpenSSL alone also takes a star for a part of a label, which browsers do not.
    private static bool Fits(string pattern, string name)
    {
        if (string.Equals(pattern, name, StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }

        var dot = name.IndexOf('.', StringComparison.Ordinal);
        return dot > 0
            && pattern.StartsWith("*.", StringComparison.Ordinal)
            && pattern.AsSpan(2).Contains('.')
            && name.AsSpan(dot).Equals(pattern.AsSpan(1), StringComparison.OrdinalIgnoreCase)
            && name.Split('.').All(label => label.Length > 0 && !label.AsSpan().ContainsAnyExcept(LabelCharacters));
    }
}
