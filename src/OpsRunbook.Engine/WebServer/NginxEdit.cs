namespace OpsRunbook.Engine.WebServer;

/// <summary>What was changed in the configuration of an nginx, for the case that it must be taken back.</summary>
/// <param name="pidFile">File that holds the id of the master process; null when the configuration does not say.</param>
/// <param name="files">Content before and after, by path.</param>
internal sealed class NginxEdit(string? pidFile, IReadOnlyDictionary<string, (byte[] Before, byte[] After)> files)
{
    /// <summary>File that holds the id of the master process; null when it is not known yet.</summary>
    public string? PidFile { get; set; } = pidFile;

    /// <summary>Content before and after, by path.</summary>
    public IReadOnlyDictionary<string, (byte[] Before, byte[] After)> Files { get; } = files;

    /// <summary>The workers that served before the reload.</summary>
    public HashSet<int> Workers { get; set; } = [];
}
