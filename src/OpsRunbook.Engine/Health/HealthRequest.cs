namespace OpsRunbook.Engine.Health;

/// <summary>What is asked about the health of a stack.</summary>
public sealed record HealthRequest
{
    /// <summary>Names and patterns of the members; empty for all.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>Kinds of the members; empty for all.</summary>
    public IReadOnlyList<MemberKind> Kinds { get; init; } = [];

    /// <summary>Members that are no part of the stack file.</summary>
    public IReadOnlyList<HealthMember> Further { get; init; } = [];

    /// <summary>Longest time of any one check; null for each check's own.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>So many checks run at a time.</summary>
    public int Concurrency { get; init; } = 256;

    /// <summary>Members that are not healthy are checked again until this time is over; null checks once.</summary>
    public TimeSpan? RetryFor { get; init; }

    /// <summary>Time between two tries.</summary>
    public TimeSpan RetryEvery { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Keep checking, and report only what changes.</summary>
    public bool Watch { get; init; }

    /// <summary>From the start of one round to the start of the next.</summary>
    public TimeSpan Every { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The watch ends after this time; null for never.</summary>
    public TimeSpan? For { get; init; }
}
