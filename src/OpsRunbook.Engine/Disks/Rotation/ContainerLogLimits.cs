using System.Text.Json;
using OpsRunbook.Engine.Docker;

namespace OpsRunbook.Engine.Disks.Rotation;

/// <summary>How large a container's log may become.</summary>
/// <param name="Driver">Log driver.</param>
/// <param name="MaximumSize">Largest file, as it was written; null for no limit.</param>
/// <param name="MaximumFiles">So many files, as it was written; null for one.</param>
internal sealed record ContainerLogLimits(string Driver, string? MaximumSize, string? MaximumFiles)
{
    // What the engine uses when nobody says, by its documentation of the driver "local".
    private const string LocalSize = "20m";
    private const string LocalFiles = "5";

    /// <summary>The engine itself keeps the log in files.</summary>
    public bool IsFile => Driver is "json-file" or "local";

    /// <summary>In words: <c>10m × 3</c>.</summary>
    public string Words => MaximumSize is null ? "no limit" : $"{MaximumSize} × {MaximumFiles ?? "1"}";

    /// <summary>Those of a container.</summary>
    /// <param name="container">Its inspection.</param>
    /// <returns>The limits.</returns>
    public static ContainerLogLimits OfContainer(JsonElement container)
    {
        var log = DockerJson.Child(DockerJson.Child(container, "HostConfig"), "LogConfig");
        return Of(DockerJson.Text(log, "Type"), DockerJson.Child(log, "Config"));
    }

    /// <summary>Those that the engine gives to new containers.</summary>
    /// <param name="content">Its configuration; null when there is none.</param>
    /// <param name="file">Path, for the message.</param>
    /// <returns>The limits.</returns>
    /// <exception cref="OpsException"><c>LogRotation.ConfigInvalid</c>.</exception>
    public static ContainerLogLimits OfDaemon(byte[]? content, string file)
    {
        if (content is null || content.AsSpan().Trim(" \n\r\t"u8).IsEmpty)
        {
            return Of(null, default);
        }

        try
        {
            using var json = JsonDocument.Parse(content);
            return Of(DockerJson.Text(json.RootElement, "log-driver"), DockerJson.Child(json.RootElement, "log-opts"));
        }
        catch (JsonException error)
        {
            throw new OpsException("LogRotation.ConfigInvalid", OpsErrorKind.InvalidData, $"{file} is not JSON: {error.Message}", "Docker would not start with it. Mend it.", file, error);
        }
    }

    private static ContainerLogLimits Of(string? driver, JsonElement options)
    {
        var name = driver is { Length: > 0 } ? driver : "json-file";
        var isLocal = name == "local";
        return new ContainerLogLimits(name, DockerJson.Text(options, "max-size") ?? (isLocal ? LocalSize : null), DockerJson.Text(options, "max-file") ?? (isLocal ? LocalFiles : null));
    }
}
