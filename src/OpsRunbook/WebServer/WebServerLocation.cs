namespace OpsRunbook;

/// <summary>A location of a site that passes requests on, with the settings that are in effect there, whatever block they come from.</summary>
public sealed class WebServerLocation
{
    /// <summary>The worst of its findings; <see cref="HealthStatus.Healthy"/> without any.</summary>
    public required HealthStatus Status { get; init; }

    /// <summary>Name of the site.</summary>
    public required string Site { get; init; }

    /// <summary>Modifier and path as they are written: <c>/api/</c>, <c>= /health</c>, <c>~ ^/ws</c>.</summary>
    public required string Path { get; init; }

    /// <summary>Where requests are passed to, as it is written: <c>http://backend</c>.</summary>
    public required string ProxyPass { get; init; }

    /// <summary>Longest time to wait for a connection.</summary>
    public required TimeSpan ConnectTimeout { get; init; }

    /// <summary>Longest silence while the request is sent.</summary>
    public required TimeSpan SendTimeout { get; init; }

    /// <summary>Longest silence while the answer is read; what ends an idle WebSocket.</summary>
    public required TimeSpan ReadTimeout { get; init; }

    /// <summary>Protocol version of the passed request: <c>1.0</c> or <c>1.1</c>. Null when it is not set, which means 1.0 before nginx 1.29.7.</summary>
    public string? HttpVersion { get; init; }

    /// <summary>Header <c>Upgrade</c> that is sent, as it is written; null for none.</summary>
    public string? Upgrade { get; init; }

    /// <summary>Header <c>Connection</c> that is sent, as it is written; null for nginx's own, <c>close</c>.</summary>
    public string? Connection { get; init; }

    /// <summary>A WebSocket gets through.</summary>
    public required bool PassesWebSocket { get; init; }

    /// <summary>File that has it.</summary>
    public required string File { get; init; }

    /// <summary>Line in that file, from 1.</summary>
    public required int Line { get; init; }
}
