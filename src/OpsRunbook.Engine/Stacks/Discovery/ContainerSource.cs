using OpsRunbook.Engine.Docker;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Stacks;

/// <summary>Reads the containers that matter: those that run, and those that compose wants to run.</summary>
internal static class ContainerSource
{
    public static async Task<IReadOnlyList<DockerContainer>> ReadAsync(IHost host, CancellationToken cancellationToken)
    {
        if (host is ContainerHost)
        {
            return [];
        }

        using var docker = new DockerClient(host);
        var containers = await docker.ListContainersAsync(all: true, cancellationToken);
        return containers
            .Where(container => !container.IsComposeOneOff && (container.State is "running" or "restarting" or "paused" || IsWanted(container)))
            .ToList();
    }

    // A migration that ended with 0 did its work; a server that ended is down. Any other end is told by the listing.
    private static bool IsWanted(DockerContainer container) =>
        container.ComposeService is not null && container.State != "created" && !container.Status.StartsWith("Exited (0)", StringComparison.Ordinal);
}
