namespace OpsRunbook.Engine.Incidents;

/// <summary>An incident that begins.</summary>
/// <param name="Title">What it is about, in a line.</param>
/// <param name="Severity">Severity of the stack's own scale.</param>
public sealed record IncidentStart(string Title, string Severity)
{
    /// <summary>When it began, UTC; null for now.</summary>
    public DateTime? At { get; init; }

    /// <summary>Alert or person that noticed it; null for the user.</summary>
    public string? DetectedBy { get; init; }

    /// <summary>Who leads the work; null for the user.</summary>
    public string? Commander { get; init; }

    /// <summary>Services affected.</summary>
    public IReadOnlyList<string> Service { get; init; } = [];

    /// <summary>What users notice; null when nobody says.</summary>
    public string? Impact { get; init; }

    /// <summary>Which customers and features are affected; null when nobody says.</summary>
    public string? ImpactRadius { get; init; }

    /// <summary>How long it is expected to last; null when nobody says.</summary>
    public TimeSpan? ExpectedDuration { get; init; }
}
