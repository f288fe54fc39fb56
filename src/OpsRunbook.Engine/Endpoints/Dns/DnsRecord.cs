namespace OpsRunbook.Engine.Endpoints.Dns;

/// <summary>A record of an answer.</summary>
/// <param name="Name">Name it belongs to, without the last dot.</param>
/// <param name="Type">Its type.</param>
/// <param name="Ttl">How long it may be cached.</param>
/// <param name="Value">Its value as text; empty for a type that is not known here.</param>
internal sealed record DnsRecord(string Name, DnsRecordType Type, TimeSpan Ttl, string Value);
