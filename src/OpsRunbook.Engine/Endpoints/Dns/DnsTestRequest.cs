namespace OpsRunbook.Engine.Endpoints.Dns;

/// <summary>Names to look up and what is expected.</summary>
/// <param name="Names">The names.</param>
public sealed record DnsTestRequest(IReadOnlyList<string> Names)
{
    /// <summary>Types to ask for.</summary>
    public IReadOnlyList<DnsRecordType> Types { get; init; } = [DnsRecordType.A];

    /// <summary>Resolvers to ask and to compare; empty for this machine's.</summary>
    public IReadOnlyList<string> Resolvers { get; init; } = [];

    /// <summary>Values that must be there, with <c>*</c> for anything; empty for no expectation.</summary>
    public IReadOnlyList<string> Expected { get; init; } = [];

    /// <summary>Longest time for each question.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);
}
