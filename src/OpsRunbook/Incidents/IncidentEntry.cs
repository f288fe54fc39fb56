namespace OpsRunbook;

/// <summary>An entry in the timeline of an incident.</summary>
public sealed class IncidentEntry
{
    /// <summary>When it happened, UTC.</summary>
    public required DateTime Time { get; init; }

    /// <summary>What it is.</summary>
    public required IncidentEntryKind Kind { get; init; }

    /// <summary>What happened. As it was given, line feeds and all, with what looks like a secret replaced by <c>***</c>.</summary>
    public required string Text { get; init; }

    /// <summary>Who noted or did it.</summary>
    public required string User { get; init; }

    /// <summary>Id of the incident.</summary>
    public required string Incident { get; init; }

    /// <summary>Id of the change in the journal; null when it is none.</summary>
    public string? ChangeId { get; init; }

    /// <summary>How the change ended; null when it is none.</summary>
    public JournalOutcome? Outcome { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Time:u} {Text}";
}
