namespace OpsRunbook.Engine.Cache;

/// <summary>Which keys are to be removed: those of a pattern, or these.</summary>
public sealed record KeyRemovalRequest
{
    /// <summary>Pattern as Redis matches it; null for <see cref="Keys"/>.</summary>
    public string? Pattern { get; init; }

    /// <summary>The keys.</summary>
    public IReadOnlyList<ReviewedKey> Keys { get; init; } = [];

    /// <summary>Patterns of keys that stay.</summary>
    public IReadOnlyList<string> Exclude { get; init; } = [];

    /// <summary>How much longer other clients' p99 may become.</summary>
    public TimeSpan MaxImpact { get; init; } = TimeSpan.FromMilliseconds(1);
}
