namespace OpsRunbook;

/// <summary>A site of a web server: a <c>server</c> block of nginx.</summary>
public sealed class WebServerSite
{
    /// <summary>The worst of its findings; <see cref="HealthStatus.Healthy"/> without any.</summary>
    public required HealthStatus Status { get; init; }

    /// <summary>First server name, or what it listens on when it has none.</summary>
    public required string Name { get; init; }

    /// <summary>Every server name as it is written; empty for none.</summary>
    public required IReadOnlyList<string> ServerNames { get; init; }

    /// <summary>Addresses and ports that it listens on, as they are written.</summary>
    public required IReadOnlyList<string> Listen { get; init; }

    /// <summary>It speaks TLS on at least one of them.</summary>
    public required bool IsTls { get; init; }

    /// <summary>Certificate files; empty for none. A name with a variable is as it is written.</summary>
    public required IReadOnlyList<string> Certificates { get; init; }

    /// <summary>Key files, in the order of the certificates.</summary>
    public required IReadOnlyList<string> CertificateKeys { get; init; }

    /// <summary>Who answers 503 for it at the moment, <c>STACK/WEBSERVER</c>; null when it is not in maintenance.</summary>
    public string? MaintenanceBy { get; init; }

    /// <summary>Locations that pass requests on by <c>proxy_pass</c>.</summary>
    public required IReadOnlyList<WebServerLocation> Locations { get; init; }

    /// <summary>File that has it.</summary>
    public required string File { get; init; }

    /// <summary>Line in that file, from 1.</summary>
    public required int Line { get; init; }
}
