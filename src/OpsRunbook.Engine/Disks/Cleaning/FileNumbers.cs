using System.Globalization;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Disks.Cleaning;

/// <summary>Numbers of file systems.</summary>
internal static class FileNumbers
{
    /// <summary>The file system of a path.</summary>
    /// <param name="host">The host.</param>
    /// <param name="path">Absolute path; links are followed.</param>
    /// <param name="cancellationToken">Ends the question.</param>
    /// <returns>Its number; null when the path cannot be seen.</returns>
    public static async Task<ulong?> DeviceAsync(IHost host, string path, CancellationToken cancellationToken)
    {
        var result = await host.RunAsync(new HostCommand("stat", "-L", "-c", "%d", "--", path), cancellationToken);
        return ulong.TryParse(result.StandardOutput.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var device) ? device : null;
    }
}
