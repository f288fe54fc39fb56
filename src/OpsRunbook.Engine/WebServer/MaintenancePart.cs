namespace OpsRunbook.Engine.WebServer;

/// <summary>What a mark of maintenance mode does.</summary>
internal enum MaintenancePart
{
    /// <summary>Before a site: tells for which requests it is closed.</summary>
    Condition,

    /// <summary>In a site: answers those with 503.</summary>
    Answer,

    /// <summary>Nothing: maintenance has ended, and nginx may not know yet.</summary>
    Ended,
}
