using OpsRunbook.Engine.Docker;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Services;

/// <summary>Services of compose projects, found by the labels that compose gives their containers.</summary>
public sealed class ComposeManager : IServiceManager
{
    /// <inheritdoc/>
    public ServiceManagerKind Kind => ServiceManagerKind.Compose;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<UnitState>> GetStatesAsync(IHost host, IReadOnlyList<UnitReference> units, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(units);
        using var docker = new DockerClient(host, units.Count == 0 ? null : units[0].DockerEndpoint);
        var listed = await docker.ListComposeAsync(project: null, service: null, cancellationToken);
        return await Task.WhenAll(units.Select(unit => StateAsync(docker, unit, listed, cancellationToken)));
    }

    /// <summary>The project's name when nobody gives one: the compose file's folder, as compose itself makes it.</summary>
    internal static string? DefaultProject(string composeFile)
    {
        var folder = Path.GetFileName(Path.GetDirectoryName(composeFile));
        return folder is null ? null : string.Concat(folder.ToLowerInvariant().Where(letter => letter is '_' or '-' || char.IsAsciiLetterOrDigit(letter))).TrimStart('_', '-');
    }

    private static async Task<UnitState> StateAsync(
        DockerClient docker,
        UnitReference unit,
        IReadOnlyList<DockerContainer> listed,
        CancellationToken cancellationToken)
    {
        var containers = listed.Where(container => container.ComposeService == unit.Name && IsOf(container, unit)).ToList();

        // A project may be named by a key of the file or by the environment, so the file itself counts more
        // than what its folder would give; only a file that made nothing is looked for by its folder.
        if (containers.Count == 0 && unit is { Project: null, ComposeFile: { } file } && DefaultProject(file) is { } project)
        {
            containers = listed.Where(container => container.ComposeService == unit.Name && container.ComposeProject == project).ToList();
        }

        var projects = containers.Select(container => container.ComposeProject).Distinct(StringComparer.Ordinal).ToList();
        if (projects.Count > 1)
        {
            return new UnitState(
                HealthStatus.Unknown,
                $"several projects have this service ({string.Join(", ", projects)}); the stack file must say which with 'project'",
                Instances: 0,
                Reason: "Service.Ambiguous");
        }

        var inspected = await Task.WhenAll(containers.Select(container => InspectAsync(docker, container, cancellationToken)));
        return ContainerStates.Judge(inspected.OfType<DockerContainer>().ToList());
    }

    internal static bool IsOf(DockerContainer container, UnitReference unit) =>
        unit.Project is { } project ? container.ComposeProject == project
        : unit.ComposeFile is { } file ? container.ComposeFiles?.Split(',').Contains(file, StringComparer.Ordinal) == true
        : true;

    private static async Task<DockerContainer?> InspectAsync(DockerClient docker, DockerContainer container, CancellationToken cancellationToken)
    {
        try
        {
            return await docker.InspectContainerAsync(container.Id, cancellationToken);
        }
        catch (OpsException error) when (error.Id == "Docker.NoSuchContainer")
        {
            // Replaced since it was listed.
            return null;
        }
    }
}
