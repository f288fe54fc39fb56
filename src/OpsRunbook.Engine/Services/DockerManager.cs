using OpsRunbook.Engine.Docker;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Services;

/// <summary>Single containers.</summary>
public sealed class DockerManager : IServiceManager
{
    /// <inheritdoc/>
    public ServiceManagerKind Kind => ServiceManagerKind.Docker;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<UnitState>> GetStatesAsync(IHost host, IReadOnlyList<UnitReference> units, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(units);
        using var docker = new DockerClient(host, units.Count == 0 ? null : units[0].DockerEndpoint);
        return await Task.WhenAll(units.Select(unit => StateAsync(docker, unit.Name, cancellationToken)));
    }

    private static async Task<UnitState> StateAsync(DockerClient docker, string container, CancellationToken cancellationToken)
    {
        try
        {
            return ContainerStates.Judge(await docker.InspectContainerAsync(container, cancellationToken));
        }
        catch (OpsException error) when (error.Id == "Docker.NoSuchContainer")
        {
            return ContainerStates.Judge([]);
        }
    }
}
