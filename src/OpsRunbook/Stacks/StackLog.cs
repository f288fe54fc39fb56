namespace OpsRunbook;

/// <summary>Logs that belong to no single member, and how logs are rotated.</summary>
public sealed class StackLog
{
    /// <summary>Files, globs or folders.</summary>
    public List<string> Files { get; set; } = [];

    /// <summary>Host they are on; null for this machine.</summary>
    [StackValue(RefersTo = new[] { "hosts" })]
    public string? Host { get; set; }

    /// <summary>Members that write them.</summary>
    [StackValue(RefersTo = new[] { "services", "databases", "caches", "webServers" })]
    public List<string> Members { get; set; } = [];

    /// <summary>How they are rotated; null when the file does not say.</summary>
    public StackLogRotation? Rotation { get; set; }

    /// <summary>They must be kept for so long; null for no limit.</summary>
    public TimeSpan? Keep { get; set; }

    /// <summary>No clean-up touches them.</summary>
    public bool Protect { get; set; }
}
