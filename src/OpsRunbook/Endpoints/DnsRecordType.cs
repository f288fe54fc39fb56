namespace OpsRunbook;

/// <summary>Types of DNS record. The numbers are those of the protocol.</summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1008:Enums should have zero value", Justification = "There is no type 0 in the protocol.")]
public enum DnsRecordType
{
    /// <summary>IPv4 address.</summary>
    A = 1,

    /// <summary>Name server of a zone.</summary>
    NS = 2,

    /// <summary>Another name for the same thing.</summary>
    CNAME = 5,

    /// <summary>Name of an address.</summary>
    PTR = 12,

    /// <summary>Mail server with its preference.</summary>
    MX = 15,

    /// <summary>Text, such as SPF and domain verification.</summary>
    TXT = 16,

    /// <summary>IPv6 address.</summary>
    AAAA = 28,
}
