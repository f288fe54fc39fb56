namespace OpsRunbook;

/// <summary>The configuration of a web server, as the server itself judges it and as its files have it.</summary>
public sealed class WebServerConfig
{
    /// <summary>
    /// <see cref="HealthStatus.Critical"/> when the server would refuse it, <see cref="HealthStatus.Warning"/> with findings,
    /// <see cref="HealthStatus.Unknown"/> when it could not be tested.
    /// </summary>
    public required HealthStatus Status { get; init; }

    /// <summary>Name in the stack.</summary>
    public required string Name { get; init; }

    /// <summary>Host, or the container, whose files these are: the stack's name for it, or <c>local</c>.</summary>
    public required string Host { get; init; }

    /// <summary>Name of the stack.</summary>
    public required string Stack { get; init; }

    /// <summary>The server accepts it; null when it could not be tested.</summary>
    public bool? IsValid { get; init; }

    /// <summary>What there is to say: the server's own words when it refuses, else the first finding.</summary>
    public required string Message { get; init; }

    /// <summary>File that the server refuses; null when it does not, or does not say.</summary>
    public string? ErrorFile { get; init; }

    /// <summary>Line in that file, from 1; null when it is not known.</summary>
    public int? ErrorLine { get; init; }

    /// <summary>Version of the server: <c>1.22.1</c>; null when it does not say.</summary>
    public string? Version { get; init; }

    /// <summary>Main file.</summary>
    public required string ConfigFile { get; init; }

    /// <summary>Every file that belongs to it, the main one first.</summary>
    public required IReadOnlyList<string> Files { get; init; }

    /// <summary>Its sites: every <c>server</c> of nginx's <c>http</c>.</summary>
    public required IReadOnlyList<WebServerSite> Sites { get; init; }

    /// <summary>Groups of servers that requests are passed to.</summary>
    public required IReadOnlyList<WebServerUpstream> Upstreams { get; init; }

    /// <summary>What is wrong or should be looked at, the worst first.</summary>
    public required IReadOnlyList<WebServerFinding> Findings { get; init; }

    /// <summary>When it was looked at, UTC.</summary>
    public required DateTime CheckedAt { get; init; }
}
