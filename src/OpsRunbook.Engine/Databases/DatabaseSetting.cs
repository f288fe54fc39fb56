namespace OpsRunbook.Engine.Databases;

/// <summary>A setting of a server.</summary>
/// <param name="Name">Its name as the server writes it.</param>
/// <param name="Value">The value in use.</param>
internal sealed record DatabaseSetting(string Name, string? Value)
{
    /// <summary>What the server's own file says; null when it says nothing.</summary>
    public string? PersistentValue { get; init; }

    /// <summary>Why it cannot be set by a statement; null when it can.</summary>
    public string? ReadOnly { get; init; }

    /// <summary>A change comes into effect with a restart only.</summary>
    public bool NeedsRestart { get; init; }

    /// <summary>What is set waits for a restart.</summary>
    public bool IsPending { get; init; }

    /// <summary>Sessions that are open keep the value that they began with.</summary>
    public bool IsForNewSessions { get; init; }

    /// <summary>What has the last word over it, where that is not the server's file: <c>command line</c>; null for nothing else.</summary>
    public string? OverriddenBy { get; init; }

    /// <summary>Kind of its values in the server's words; null where it does not say.</summary>
    public string? Type { get; init; }

    /// <summary>Connections in use, for the setting that limits them; null for others.</summary>
    public int? InUse { get; init; }
}
