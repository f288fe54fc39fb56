namespace OpsRunbook;

/// <summary>An incident.</summary>
public sealed class OpsIncident
{
    /// <summary>How far it is.</summary>
    public required IncidentStatus Status { get; init; }

    /// <summary>Id: <c>INC-20260123-1030</c>.</summary>
    public required string Id { get; init; }

    /// <summary>Severity of the stack's own scale.</summary>
    public required string Severity { get; init; }

    /// <summary>What it is about, in a line.</summary>
    public required string Title { get; init; }

    /// <summary>Name of the stack.</summary>
    public required string Stack { get; init; }

    /// <summary>Begin, UTC.</summary>
    public required DateTime Started { get; init; }

    /// <summary>Alert or person that noticed it; empty when nobody says.</summary>
    public string DetectedBy { get; init; } = string.Empty;

    /// <summary>Who leads the work.</summary>
    public string Commander { get; init; } = string.Empty;

    /// <summary>Services affected.</summary>
    public IReadOnlyList<string> Service { get; init; } = [];

    /// <summary>What users notice; empty when nobody says.</summary>
    public string Impact { get; init; } = string.Empty;

    /// <summary>Which customers and features are affected; empty when nobody says.</summary>
    public string ImpactRadius { get; init; } = string.Empty;

    /// <summary>How long the impact is expected to last; null when nobody says.</summary>
    public TimeSpan? ExpectedDuration { get; init; }

    /// <summary>When somebody began to work on it, UTC; null when not yet.</summary>
    public DateTime? Acknowledged { get; init; }

    /// <summary>When the cause was known, UTC; null when it is not.</summary>
    public DateTime? Identified { get; init; }

    /// <summary>When users were served again, UTC; null when they are not.</summary>
    public DateTime? Mitigated { get; init; }

    /// <summary>End, UTC; null while it is open.</summary>
    public DateTime? Ended { get; init; }

    /// <summary>From the begin to <see cref="Acknowledged"/>; null when not yet. Never negative, as the following.</summary>
    public TimeSpan? TimeToAcknowledge { get; init; }

    /// <summary>From the begin to <see cref="Mitigated"/>; null when not yet.</summary>
    public TimeSpan? TimeToMitigate { get; init; }

    /// <summary>From the begin to <see cref="Ended"/>; null while it is open.</summary>
    public TimeSpan? TimeToResolve { get; init; }

    /// <summary>From the begin to the end, or to now.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>Phases of the response with their due times.</summary>
    public IReadOnlyList<IncidentPhase> Phases { get; init; } = [];

    /// <summary>When people were promised the next update, UTC; null for not at all.</summary>
    public DateTime? NextUpdate { get; init; }

    /// <summary>What should have been done by now: names of phases, and <c>update</c> for a promised one.</summary>
    public IReadOnlyList<string> Overdue { get; init; } = [];

    /// <summary>Root cause; empty when nobody says.</summary>
    public string RootCause { get; init; } = string.Empty;

    /// <summary>What ended it; empty when nobody says.</summary>
    public string Fix { get; init; } = string.Empty;

    /// <summary>What keeps it from happening again; empty when nobody says.</summary>
    public string Prevention { get; init; } = string.Empty;

    /// <summary>What is to be done afterwards.</summary>
    public IReadOnlyList<string> ActionItems { get; init; } = [];

    /// <summary>What happened, in order of time: notes, and every change that the module made meanwhile.</summary>
    public IReadOnlyList<IncidentEntry> Timeline { get; init; } = [];

    /// <inheritdoc/>
    public override string ToString() => $"{Id} {Severity} {Status}: {Title}";
}
