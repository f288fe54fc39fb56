using OpsRunbook.Engine.Containers;
using OpsRunbook.Engine.Docker;

namespace OpsRunbook.Engine.Disks.Cleaning;

/// <summary>Containers that have ended, belong to no stack, and nobody will start again by himself.</summary>
/// <param name="engine">The engine.</param>
internal sealed class DockerContainers(DockerEngineStore engine) : ICleanupCategory
{
    // What carries one of these belongs to a stack of somebody's.
    private static readonly string[] Owners = ["com.docker.compose.", "com.docker.stack.", "com.docker.swarm.", "io.kubernetes.", "io.podman.compose."];

    /// <inheritdoc/>
    public DiskCleanupCategory Category => DiskCleanupCategory.Container;

    /// <inheritdoc/>
    public async Task FindAsync(CleanupSearch search, CancellationToken cancellationToken)
    {
        if (await engine.ReadAsync(search, cancellationToken) is not { } store)
        {
            return;
        }

        var members = new ContainerMembers(search.Session.Stack, search.Host.Name);
        foreach (var listed in store.Containers.Where(container => IsDead(container) && members.Find(container) is null && !IsOwned(container)))
        {
            var size = store.Written.GetValueOrDefault(listed.Id);
            if (size < search.Request.SmallestBytes
                || await InspectAsync(listed.Id, cancellationToken) is not { RestartPolicy: null or "" or "no" or "on-failure" } container
                || container.FinishedAt is not { } finished || finished > search.Now - search.Request.KeepContainers)
            {
                continue;
            }

            search.Add(
                Category, DiskCleanupRisk.Medium, "Remove", listed.Name, store.Device, size, finished, $"it ended with {container.ExitCode} and belongs to no stack; its volumes stay",
                token => RemoveAsync(container, token));
        }
    }

    private static bool IsDead(DockerContainer container) => container.State is "exited" or "dead";

    private static bool IsOwned(DockerContainer container) => container.Labels.Keys.Any(label => Array.Exists(Owners, owner => label.StartsWith(owner, StringComparison.Ordinal)));

    private async Task<DockerContainer?> InspectAsync(string id, CancellationToken cancellationToken)
    {
        try
        {
            return await engine.Client.InspectContainerAsync(id, cancellationToken);
        }
        catch (OpsException error) when (error.Id == "Docker.NoSuchContainer")
        {
            return null;
        }
    }

    private async Task<CleanupResult> RemoveAsync(DockerContainer planned, CancellationToken cancellationToken)
    {
        if (await InspectAsync(planned.Id, cancellationToken) is not { } container)
        {
            return CleanupResult.Gone;
        }

        if (!IsDead(container) || container.FinishedAt != planned.FinishedAt)
        {
            return new CleanupResult(DiskCleanupOutcome.Changed, "it was started again");
        }

        await engine.Client.RemoveContainerAsync(planned.Id, cancellationToken);
        return CleanupResult.Done;
    }
}
