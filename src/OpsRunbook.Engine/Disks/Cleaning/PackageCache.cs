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
        search.Add(
            Category, DiskCleanupRisk.None, "Remove", Folder, files.Device, files.Bytes, files.Newest, $"{files.Count} packages that apt fetches again when it needs them", token => CleanAsync(search.Host, token));
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
