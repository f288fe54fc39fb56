namespace OpsRunbook.Engine.Disks.Cleaning;

/// <summary>Images that no container uses, beyond the current one and those to go back to of each service.</summary>
/// <param name="engine">The engine.</param>
internal sealed class DockerImages(DockerEngineStore engine) : ICleanupCategory
{
    // Between its build and its name an image has none.
    private static readonly TimeSpan Unfinished = TimeSpan.FromHours(1);

    /// <inheritdoc/>
    public DiskCleanupCategory Category => DiskCleanupCategory.Image;

    /// <inheritdoc/>
    public async Task FindAsync(CleanupSearch search, CancellationToken cancellationToken)
    {
        if (await engine.ReadAsync(search, cancellationToken) is not { } store)
        {
            return;
        }

        var dispensable = store.Dispensable(search.Session.Stack, search.Host.Name, search.Request.KeepImages).ToList();

        // An image to go back to may have no name, and must not go with one that was made of it.
        var keepParents = store.Images.Any(image => image.References.Count == 0 && !dispensable.Exists(item => item.Image == image));
        foreach (var (image, risk, reason) in dispensable)
        {
            if (image.References.Count > 0 || image.Created < search.Now - Unfinished)
            {
                search.Add(
                    Category, risk, "Remove", image.References.Count > 0 ? image.References[0] : image.Id, store.Device, image.OwnBytes, image.Created, reason,
                    token => RemoveAsync(image, keepParents, token));
            }
        }
    }

    private async Task<CleanupResult> RemoveAsync(StoredImage image, bool keepParents, CancellationToken cancellationToken)
    {
        if (await engine.Client.FindImageAsync(image.Id, cancellationToken) is null)
        {
            return CleanupResult.Gone;
        }

        if ((await engine.Client.ListContainersAsync(all: true, cancellationToken)).FirstOrDefault(container => container.ImageId == image.Id) is { } user)
        {
            return new CleanupResult(DiskCleanupOutcome.Changed, $"container {user.Name} uses it now");
        }

        foreach (var reference in image.References.Count > 0 ? image.References : [image.Id])
        {
            if (await engine.Client.FindImageAsync(reference, cancellationToken) != image.Id)
            {
                return new CleanupResult(DiskCleanupOutcome.Changed, $"{reference} is another image now");
            }

            await engine.Client.RemoveImageAsync(reference, keepParents, cancellationToken);
        }

        return await engine.Client.FindImageAsync(image.Id, cancellationToken) is null
            ? CleanupResult.Done
            : new CleanupResult(DiskCleanupOutcome.Changed, "it has a new name now");
    }
}
