namespace OpsRunbook;

/// <summary>A silence of Alertmanager. It ends by itself.</summary>
public sealed record AlertSilence
{
    /// <summary><c>active</c>, <c>pending</c> until it begins, or <c>expired</c>.</summary>
    public required string State { get; init; }

    /// <summary>Alertmanager's id, by which it is ended.</summary>
    public required string Id { get; init; }

    /// <summary>Conditions that an alert must all meet to be muted.</summary>
    public required IReadOnlyList<AlertMatcher> Matchers { get; init; }

    /// <summary>Begin, UTC.</summary>
    public required DateTime StartsAt { get; init; }

    /// <summary>End, UTC.</summary>
    public required DateTime EndsAt { get; init; }

    /// <summary>Why it is there.</summary>
    public required string Comment { get; init; }

    /// <summary>Who made it.</summary>
    public required string Author { get; init; }

    /// <summary>Names of the alerts that fire now and that it mutes.</summary>
    public IReadOnlyList<string> Muted { get; init; } = [];

    /// <inheritdoc/>
    public override string ToString() => $"{Id} {State} {string.Join(',', Matchers)}";
}
