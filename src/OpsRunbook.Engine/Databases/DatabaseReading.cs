namespace OpsRunbook.Engine.Databases;

/// <summary>What a database server said.</summary>
/// <param name="Product">Name and version, as far as they are known: <c>PostgreSQL 15.6</c>.</param>
/// <param name="Latency">From the beginning of the connection to the last answer.</param>
internal sealed record DatabaseReading(string Product, TimeSpan Latency)
{
    /// <summary>Client connections; null without login.</summary>
    public int? Connections { get; init; }

    /// <summary>Connections the server takes at most; null without login.</summary>
    public int? MaximumConnections { get; init; }

    /// <summary>Version of TLS that the login used, such as <c>TLSv1.3</c>; null for none, and without login.</summary>
    public string? Tls { get; init; }

    /// <summary>Role in a replication, such as <c>replica</c>; null for none.</summary>
    public string? Role { get; init; }

    /// <summary>Why the configured login was not tried; null when it was, or none is configured.</summary>
    public OpsException? NotTried { get; init; }
}
