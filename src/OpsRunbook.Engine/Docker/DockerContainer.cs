namespace OpsRunbook.Engine.Docker;

/// <summary>A container. What only an inspection tells is null in a listing, and the documentation of the member says so.</summary>
public sealed record DockerContainer
{
    /// <summary>Full id.</summary>
    public required string Id { get; init; }

    /// <summary>Name without the leading slash.</summary>
    public required string Name { get; init; }

    /// <summary>Image as it was named at the start.</summary>
    public required string Image { get; init; }

    /// <summary>Id of the image.</summary>
    public string ImageId { get; init; } = string.Empty;

    /// <summary><c>created</c>, <c>running</c>, <c>paused</c>, <c>restarting</c>, <c>removing</c>, <c>exited</c> or <c>dead</c>.</summary>
    public required string State { get; init; }

    /// <summary>The engine's own words: <c>Up 2 hours (healthy)</c>, <c>Exited (137) 3 minutes ago</c>.</summary>
    public string Status { get; init; } = string.Empty;

    /// <summary><c>healthy</c>, <c>unhealthy</c> or <c>starting</c>; null when the container has no health check.</summary>
    public string? Health { get; init; }

    /// <summary>Output of the last health check; null in a listing, or when there was none.</summary>
    public string? HealthOutput { get; init; }

    /// <summary>Exit code of the last run; null while it runs, and in a listing.</summary>
    public int? ExitCode { get; init; }

    /// <summary>The kernel ended it for want of memory; null in a listing.</summary>
    public bool? OomKilled { get; init; }

    /// <summary>The engine's error at the last start; null when there was none, and in a listing.</summary>
    public string? Error { get; init; }

    /// <summary>Process id of its first process as seen from the engine's host; null when it does not run, and in a listing.</summary>
    public int? Pid { get; init; }

    /// <summary>Start of the present or last run, UTC; null when it never ran, and in a listing.</summary>
    public DateTime? StartedAt { get; init; }

    /// <summary>End of the last run, UTC; null while the first one lasts, and in a listing.</summary>
    public DateTime? FinishedAt { get; init; }

    /// <summary>When it was created, UTC.</summary>
    public DateTime CreatedAt { get; init; }

    /// <summary>Restarts by the engine's restart policy; null in a listing.</summary>
    public int? RestartCount { get; init; }

    /// <summary>Restart policy (<c>no</c>, <c>always</c>, <c>on-failure</c>, <c>unless-stopped</c>); null in a listing.</summary>
    public string? RestartPolicy { get; init; }

    /// <summary>Memory limit in bytes; null when there is none, and in a listing.</summary>
    public long? MemoryLimitBytes { get; init; }

    /// <summary>CPU limit in cores; null when there is none, and in a listing.</summary>
    public double? CpuLimit { get; init; }

    /// <summary>Labels.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>Ports.</summary>
    public IReadOnlyList<DockerPort> Ports { get; init; } = [];

    /// <summary>Addresses by the name of the network. Empty for a container on the host's own network.</summary>
    public IReadOnlyDictionary<string, string> Addresses { get; init; } = new Dictionary<string, string>();

    /// <summary><c>host</c>, <c>none</c>, <c>container:ID</c>, or the name of its first network.</summary>
    public string NetworkMode { get; init; } = string.Empty;

    /// <summary>Compose project; null when compose did not make it.</summary>
    public string? ComposeProject => Labels.GetValueOrDefault("com.docker.compose.project");

    /// <summary>Compose service; null when compose did not make it.</summary>
    public string? ComposeService => Labels.GetValueOrDefault("com.docker.compose.service");

    /// <summary>Compose files that made it, separated by commas; null when compose did not make it.</summary>
    public string? ComposeFiles => Labels.GetValueOrDefault("com.docker.compose.project.config_files");

    /// <summary>Made by <c>compose run</c> for one command; such a container is expected to end.</summary>
    public bool IsComposeOneOff => string.Equals(Labels.GetValueOrDefault("com.docker.compose.oneoff"), "True", StringComparison.OrdinalIgnoreCase);
}
