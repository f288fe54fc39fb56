namespace OpsRunbook;

/// <summary>A phase of the response to an incident.</summary>
public sealed class IncidentPhase
{
    /// <summary>Whether it is time for it.</summary>
    public required IncidentPhaseState State { get; init; }

    /// <summary>Name in the stack; <c>response</c> for what the severity asks for.</summary>
    public required string Name { get; init; }

    /// <summary>Begin, UTC.</summary>
    public required DateTime From { get; init; }

    /// <summary>When it is to be done, UTC; null when it has no end.</summary>
    public DateTime? Until { get; init; }

    /// <summary>When it was done, UTC; null when it was not.</summary>
    public DateTime? Done { get; init; }

    /// <summary>What is done in it, in order.</summary>
    public IReadOnlyList<string> Tasks { get; init; } = [];

    /// <inheritdoc/>
    public override string ToString() => $"{Name}: {State}";
}
