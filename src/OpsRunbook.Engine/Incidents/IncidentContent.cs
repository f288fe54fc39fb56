namespace OpsRunbook.Engine.Incidents;

/// <summary>What is kept of an incident. Changes are not: the journal has them.</summary>
internal sealed record IncidentContent
{
    public required string Stack { get; init; }

    public required string Title { get; init; }

    public required string Severity { get; init; }

    public required DateTime Started { get; init; }

    public string DetectedBy { get; init; } = string.Empty;

    public string Commander { get; init; } = string.Empty;

    public IReadOnlyList<string> Service { get; init; } = [];

    public string Impact { get; init; } = string.Empty;

    public string ImpactRadius { get; init; } = string.Empty;

    public TimeSpan? ExpectedDuration { get; init; }

    public DateTime? Acknowledged { get; init; }

    public DateTime? Identified { get; init; }

    public DateTime? Mitigated { get; init; }

    public DateTime? Ended { get; init; }

    public DateTime? NextUpdate { get; init; }

    public string RootCause { get; init; } = string.Empty;

    public string Fix { get; init; } = string.Empty;

    public string Prevention { get; init; } = string.Empty;

    public IReadOnlyList<string> ActionItems { get; init; } = [];

    /// <summary>When phases were said to be done, by name.</summary>
    public IReadOnlyDictionary<string, DateTime> Done { get; init; } = new Dictionary<string, DateTime>();

    public IReadOnlyList<IncidentNote> Notes { get; init; } = [];
}
