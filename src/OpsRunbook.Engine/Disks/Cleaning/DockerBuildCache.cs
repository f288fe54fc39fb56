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
        if (await engine.ReadAsync(search, cancellationToken) is not { } store || store.BuildCacheBytes < search.Request.SmallestBytes)
        {
            return;
        }

        var reason = $"{store.BuildCacheSteps} steps of image builds that the next build makes again";
        search.Add(
            DockerEngineStore.Describe(search, store, Category, DiskCleanupRisk.None, "build cache", store.BuildCacheBytes, null, reason),
            async token =>
            {
                await engine.Client.PruneBuildCacheAsync(token);
                return CleanupResult.Done;
            });
    }
}
