namespace OpsRunbook;

/// <summary>An alert that fires, or is about to.</summary>
public sealed class OpsAlert
{
    /// <summary>Warning or Critical by the label <c>severity</c>; Warning without one, and while it is pending.</summary>
    public required HealthStatus Status { get; init; }

    /// <summary><c>firing</c>, <c>pending</c> (its condition holds, but not yet for long enough), <c>silenced</c> or <c>inhibited</c>.</summary>
    public required string State { get; init; }

    /// <summary>Label <c>alertname</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Label <c>severity</c>; empty for none.</summary>
    public string Severity { get; init; } = string.Empty;

    /// <summary>Label <c>instance</c>; empty for none.</summary>
    public string Instance { get; init; } = string.Empty;

    /// <summary>Begin, UTC.</summary>
    public required DateTime Since { get; init; }

    /// <summary>Annotation <c>summary</c>, else <c>description</c>; empty for neither.</summary>
    public string Summary { get; init; } = string.Empty;

    /// <summary>All labels.</summary>
    public required IReadOnlyDictionary<string, string> Labels { get; init; }

    /// <summary>All annotations.</summary>
    public IReadOnlyDictionary<string, string> Annotations { get; init; } = new Dictionary<string, string>();

    /// <summary>Ids of the silences that mute it.</summary>
    public IReadOnlyList<string> SilencedBy { get; init; } = [];

    /// <summary>Who said so: <c>prometheus</c> or <c>alertmanager</c>.</summary>
    public required string Source { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Name} {State}";
}
