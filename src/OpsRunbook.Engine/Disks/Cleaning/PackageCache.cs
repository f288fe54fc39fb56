using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Disks.Cleaning;

/// <summary>Packages that apt has fetched. It removes them itself, because only it knows whether it works just now.</summary>
internal sealed class PackageCache : ICleanupCategory
{
    private const string Folder = "/var/cache/apt/archives";
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    /// <inheritdoc/>
    public DiskCleanupCategory Category => DiskCleanupCategory.PackageCache;

    /// <inheritdoc/>
    public async Task FindAsync(CleanupSearch search, CancellationToken cancellationToken)
    {
        var files = await FolderFiles.ReadAsync(search.Host, Folder, cancellationToken, "-name", "*.deb");
        if (files.Bytes < search.Request.SmallestBytes || search.FileSystem(files.Device) is not { } fileSystem)
        {
            return;
        }

        search.Add(
            new DiskCleanupItem
            {
                Outcome = DiskCleanupOutcome.Planned,
                Category = Category,
                Risk = DiskCleanupRisk.None,
                Action = "Remove",
                Target = Folder,
                SizeBytes = files.Bytes,
                Modified = files.Newest,
                Age = search.Now - files.Newest,
                Reason = $"{files.Count} packages that apt fetches again when it needs them",
                Host = search.Host.Name,
                FileSystem = fileSystem.Mount.Path,
            },
            token => CleanAsync(search.Host, token));
    }

    private static async Task<CleanupResult> CleanAsync(IHost host, CancellationToken cancellationToken)
    {
        var result = await host.RunAsync(new HostCommand("apt-get", "clean") { Timeout = Limit }, cancellationToken);
        return result.Succeeded ? CleanupResult.Done
            : DiskErrors.IsReadOnly(result.StandardError) ? throw DiskErrors.ReadOnly(host.Name, Folder)
            : throw new OpsException(
                "Disk.PackageCache", OpsErrorKind.OperationFailed, $"apt-get clean failed on {host.Name}: {result.Summary}", "Wait until no other apt works, or run as root.", Folder);
    }
}
