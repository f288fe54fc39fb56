namespace OpsRunbook.Engine.Databases;

/// <summary>How long the phases of a connection took. Those that were not reached are null, so that a failure shows how far it came.</summary>
internal sealed class DatabaseTimings
{
    /// <summary>Name resolution; null when another host resolves, or there is nothing to resolve.</summary>
    public TimeSpan? Dns { get; set; }

    /// <summary>TCP connection, or that to the socket.</summary>
    public TimeSpan? Connect { get; set; }

    /// <summary>TLS and login.</summary>
    public TimeSpan? LogIn { get; set; }

    /// <summary>The first query.</summary>
    public TimeSpan? Query { get; set; }
}
