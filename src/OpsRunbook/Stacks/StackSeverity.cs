namespace OpsRunbook;

/// <summary>How bad an incident is and how fast somebody must respond.</summary>
public sealed class StackSeverity
{
    /// <summary>What the severity means; null when the file does not say.</summary>
    public string? Description { get; set; }

    /// <summary>Somebody must respond within this time; zero for at once, null when no time is set.</summary>
    public TimeSpan? Response { get; set; }

    /// <summary>When somebody responds where that is not a time: <c>next sprint</c>; null for none.</summary>
    public string? ResponseNote { get; set; }

    /// <summary>What counts as this severity.</summary>
    public List<string> Examples { get; set; } = [];
}
