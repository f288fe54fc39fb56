namespace OpsRunbook.Engine.Disks.Cleaning;

/// <summary>What the container engine keeps of image builds, and no build uses just now.</summary>
/// <param name="engine">The engine.</param>
internal sealed class DockerBuildCache(DockerEngineStore engine) : ICleanupCategory
{
    /// <inheritdoc/>
    public DiskCleanupCategory Category => DiskCleanupCategory.BuildCache;

    /// <inheritdoc/>
    public async Task FindAsync(CleanupSearch search, CancellationToken cancellationToken)
    {
        if (await engine.ReadAsync(search, cancellationToken) is not { } store)
        {
            return;
        }

        search.Add(
            Category, DiskCleanupRisk.None, "Remove", "build cache", store.Device, store.BuildCacheBytes, null, $"{store.BuildCacheSteps} steps of image builds that the next build makes again",
            async token =>
            {
                await engine.Client.PruneBuildCacheAsync(token);
                return CleanupResult.Done;
            });
    }
}
