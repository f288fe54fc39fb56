using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;

namespace OpsRunbook.Engine.Certificates;

/// <summary>Kind and size of a certificate's key.</summary>
/// <param name="Name"><c>RSA</c>, <c>ECDSA</c>, <c>Ed25519</c>, <c>Ed448</c>, <c>DSA</c>, or an object identifier.</param>
/// <param name="Bits">Its size; null when it is not known.</param>
internal sealed record CertificateKeyKind(string Name, int? Bits)
{
    /// <summary>Least RSA and DSA key that OpenSSL's usual security level, browsers and the CA/Browser Forum accept.</summary>
    public const int LeastRsaBits = 2048;

    /// <summary>Least key on an elliptic curve of the same strength.</summary>
    public const int LeastCurveBits = 224;

    /// <summary>Too short to be accepted by most clients.</summary>
    public bool IsWeak => Name switch
    {
        "RSA" or "DSA" => Bits < LeastRsaBits,
        "ECDSA" => Bits < LeastCurveBits,
        _ => false,
    };

    /// <summary>Of a certificate.</summary>
    /// <param name="certificate">The certificate.</param>
    /// <returns>The kind.</returns>
    public static CertificateKeyKind Of(X509Certificate2 certificate)
    {
        // The algorithm of the certificate is read instead of the key, which OpenSSL decodes anew each time and .NET not for every kind.
        var oid = certificate.GetKeyAlgorithm();
        return oid switch
        {
            "1.2.840.113549.1.1.1" or "1.2.840.113549.1.1.10" => new("RSA", IntegerBits(certificate.GetPublicKey())),
            "1.2.840.10045.2.1" => new("ECDSA", CurveBits(certificate.GetPublicKey())),
            "1.2.840.10040.4.1" => new("DSA", ParameterBits(certificate.GetKeyAlgorithmParameters())),
            "1.3.101.112" => new("Ed25519", 256),
            "1.3.101.113" => new("Ed448", 456),
            _ => new(oid, null),
        };
    }

    /// <inheritdoc/>
    public override string ToString() => Bits is null ? Name : $"{Name} {Bits}";

    private static int? IntegerBits(byte[] key) => Try(() => Length(new AsnReader(key, AsnEncodingRules.BER).ReadSequence().ReadIntegerBytes().Span));

    private static int? ParameterBits(byte[] parameters) => Try(() => Length(new AsnReader(parameters, AsnEncodingRules.BER).ReadSequence().ReadIntegerBytes().Span));

    // A point is both coordinates, or one; the curve of 521 bits is the only one that does not fill its bytes.
    private static int? CurveBits(byte[] point)
    {
        var bytes = point is [4, ..] ? (point.Length - 1) / 2 : point.Length - 1;
        return bytes == 66 ? 521 : bytes > 0 ? bytes * 8 : null;
    }

    private static int Length(ReadOnlySpan<byte> number)
    {
        number = number.TrimStart((byte)0);
        return number.IsEmpty ? 0 : (number.Length * 8) - byte.LeadingZeroCount(number[0]);
    }

    private static int? Try(Func<int> read)
    {
        try
        {
            return read();
        }
        catch (AsnContentException)
        {
            return null;
        }
    }
}
