namespace OpsRunbook;

/// <summary>A group of servers that requests are passed to: an <c>upstream</c> block of nginx.</summary>
public sealed class WebServerUpstream
{
    /// <summary><see cref="HealthStatus.Critical"/> when all its servers are marked down, <see cref="HealthStatus.Warning"/> when one is.</summary>
    public required HealthStatus Status { get; init; }

    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Its servers.</summary>
    public required IReadOnlyList<WebServerUpstreamServer> Servers { get; init; }

    /// <summary>File that has its first server.</summary>
    public required string File { get; init; }

    /// <summary>Line in that file, from 1.</summary>
    public required int Line { get; init; }
}
