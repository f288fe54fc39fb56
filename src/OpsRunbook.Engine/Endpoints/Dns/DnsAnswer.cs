namespace OpsRunbook.Engine.Endpoints.Dns;

/// <summary>A resolver's answer.</summary>
/// <param name="Code">Response code: 0 for success, 3 for a name that does not exist.</param>
/// <param name="Records">Records of the answer section, aliases included.</param>
/// <param name="Truncated">The answer did not fit into the datagram.</param>
internal sealed record DnsAnswer(int Code, IReadOnlyList<DnsRecord> Records, bool Truncated)
{
    public const int Success = 0;
    public const int FormatError = 1;
    public const int ServerFailure = 2;
    public const int NameUnknown = 3;
    public const int NotImplemented = 4;
    public const int Refused = 5;

    /// <summary>How long it took.</summary>
    public TimeSpan Latency { get; init; }
}
