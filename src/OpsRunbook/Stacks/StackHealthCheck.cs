namespace OpsRunbook;

/// <summary>One check of a service with its conditions.</summary>
public sealed class StackHealthCheck
{
    /// <summary>Name of the check in results; null gives <c>http</c>, <c>tcp</c>, <c>dns</c> or <c>command</c>.</summary>
    public string? Name { get; set; }

    /// <summary>Address to request with HTTP GET, as seen from the service's own host; null for no HTTP check.</summary>
    [StackValue(Form = StackForm.Url)]
    public string? Url { get; set; }

    /// <summary><c>host:port</c> or a port that must accept a connection; null for no TCP check.</summary>
    [StackValue(Form = StackForm.Address)]
    public string? Tcp { get; set; }

    /// <summary>Command, as an argument vector, that must exit with 0 on the service's host; null for no command check.</summary>
    [StackValue(Form = StackForm.Arguments)]
    public List<string>? Command { get; set; }

    /// <summary>Name whose DNS record must exist, looked up from this machine; null for no DNS check.</summary>
    public string? Dns { get; set; }

    /// <summary>Type of the DNS record.</summary>
    public DnsRecordType RecordType { get; set; } = DnsRecordType.A;

    /// <summary>Resolver of the DNS check, <c>address[:port]</c>; null for this machine's own.</summary>
    public string? Resolver { get; set; }

    /// <summary>Values that the DNS record must have, with <c>*</c> wildcards. Empty: any will do.</summary>
    public List<string> Expect { get; set; } = [];

    /// <summary>Expected HTTP status: <c>200</c>, <c>2xx</c>, <c>200,204</c>, <c>200-399</c>; null means 200–399.</summary>
    [StackValue(Form = StackForm.HttpStatus)]
    public string? Status { get; set; }

    /// <summary>Warning when the answer takes longer; null for the stack's latency threshold.</summary>
    public TimeSpan? Latency { get; set; }

    /// <summary>Longest time to wait for the answer; null for 5 seconds.</summary>
    public TimeSpan? Timeout { get; set; }

    /// <summary>
    /// Conditions on the answer by their key: <c>body.status</c> with dots into the JSON,
    /// <c>body</c> for the whole text, <c>header.NAME</c>. The value is what must be found:
    /// text, <c>*</c> wildcards, <c>/regex/</c>, or a comparison such as <c>&lt; 100</c>.
    /// </summary>
    [StackConditions("body", "header")]
    public Dictionary<string, string> Conditions { get; set; } = [];

    /// <summary>Request headers; values may be secret references.</summary>
    public Dictionary<string, SecretReference> Headers { get; set; } = [];

    /// <summary>Accept a certificate that this machine does not trust. The finding says so.</summary>
    public bool Insecure { get; set; }
}
