namespace OpsRunbook.Engine.Incidents;

/// <summary>Something that is added to an incident.</summary>
/// <param name="Text">What happened; null when the rest says it.</param>
public sealed record IncidentAddition(string? Text)
{
    /// <summary>When it happened, UTC; null for now.</summary>
    public DateTime? At { get; init; }

    /// <summary>A milestone that is reached; null for none.</summary>
    public IncidentMilestone? Milestone { get; init; }

    /// <summary>Names of phases that are done.</summary>
    public IReadOnlyList<string> Phase { get; init; } = [];

    /// <summary>The severity from now on; null for the same.</summary>
    public string? Severity { get; init; }

    /// <summary>What users notice; null for the same.</summary>
    public string? Impact { get; init; }

    /// <summary>Who leads the work from now on; null for the same.</summary>
    public string? Commander { get; init; }

    /// <summary>What is to be done afterwards.</summary>
    public IReadOnlyList<string> ActionItem { get; init; } = [];

    /// <summary>The incident is over.</summary>
    public bool Resolved { get; init; }

    /// <summary>Root cause; null for the same.</summary>
    public string? RootCause { get; init; }

    /// <summary>What ended it; null for the same.</summary>
    public string? Fix { get; init; }

    /// <summary>What keeps it from happening again; null for the same.</summary>
    public string? Prevention { get; init; }

    /// <summary>People were told how it stands; the text says what.</summary>
    public bool IsUpdate { get; init; }

    /// <summary>When people were promised the next update, UTC; null for not at all, which only an update says.</summary>
    public DateTime? NextUpdate { get; init; }
}
