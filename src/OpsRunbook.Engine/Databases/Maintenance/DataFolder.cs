using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Databases;

/// <summary>Finds how much room there is where a server keeps its data.</summary>
internal static class DataFolder
{
    /// <summary>Room in a folder of the server.</summary>
    /// <param name="target">The server.</param>
    /// <param name="folder">The folder as the server names it; null when it does not tell.</param>
    /// <param name="needed">How much is needed.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The need with what there is.</returns>
    public static async Task<SpaceNeed> ReadAsync(DatabaseTarget target, string? folder, long needed, CancellationToken cancellationToken)
    {
        if (folder is null)
        {
            return new SpaceNeed(needed, null, "its user may not read where the server keeps its data");
        }

        if (target.Socket is null && target.Server is not ("localhost" or "::1") && !target.Server.StartsWith("127.", StringComparison.Ordinal))
        {
            return new SpaceNeed(needed, null, $"the server is on {target.Server}, not on the host '{target.Host.Name}'");
        }

        if (target.Database.Manager is ServiceManagerKind.Docker or ServiceManagerKind.Compose)
        {
            return new SpaceNeed(needed, null, "the server runs in a container");
        }

        try
        {
            // A folder that is not there is a container's, seen through its published port.
            var real = await target.Host.RunAsync(new HostCommand("sh", "-c", "test -d \"$1\" && readlink -f -- \"$1\"", "sh", folder), cancellationToken);
            if (real.ExitCode != 0)
            {
                return new SpaceNeed(needed, null, $"{folder} is not on the host '{target.Host.Name}'");
            }

            var path = real.StandardOutput.TrimEnd('\n');
            var mount = (await target.Host.GetMountsAsync(cancellationToken))
                .Where(mount => mount.Problem is null && (mount.Path == "/" || path == mount.Path || path.StartsWith(mount.Path + "/", StringComparison.Ordinal)))
                .MaxBy(mount => mount.Path.Length);
            return mount is null
                ? new SpaceNeed(needed, null, $"the file system of {path} cannot be read")
                : new SpaceNeed(needed, mount.AvailableBytes, $"{mount.Path} on '{target.Host.Name}'");
        }
        catch (OpsException error)
        {
            return new SpaceNeed(needed, null, error.Message);
        }
    }
}
