using System.Text.Json;
using OpsRunbook.Engine.Docker;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Services;

namespace OpsRunbook.Engine.Containers;

/// <summary>Reads what the containers of an engine use, all of them at once.</summary>
public static class ContainerStats
{
    /// <summary>The containers with their readings.</summary>
    /// <param name="host">Host of the engine.</param>
    /// <param name="stack">The stack in use.</param>
    /// <param name="all">Those that do not run, too.</param>
    /// <param name="names">Picks by name of container, compose service or member.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The containers in the order of their names.</returns>
    /// <exception cref="OpsException">The engine cannot be asked.</exception>
    public static async Task<IReadOnlyList<ContainerStat>> ReadAsync(
        IHost host, OpsStack stack, bool all, NameFilter names, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(stack);
        ArgumentNullException.ThrowIfNull(names);
        using var docker = DockerClient.Of(host, stack);
        var members = new ContainerMembers(stack, host.Name);

        // A name that fits a stopped container is not an unknown name, so all are looked at in any case.
        var wanted = (await docker.ListContainersAsync(all: true, cancellationToken))
            .Where(container => names.Includes(container.Name, container.ComposeService, members.Find(container)))
            .Where(container => all || container.State is "running" or "paused" or "restarting")
            .ToList();

        // The engine takes a second for the two readings that CPU use needs, so they are all asked for at once.
        var stats = await Task.WhenAll(wanted.Select(container => ReadAsync(docker, host, stack, container.Id, members, cancellationToken)));
        return stats.OfType<ContainerStat>().ToList();
    }

    private static async Task<ContainerStat?> ReadAsync(
        DockerClient docker, IHost host, OpsStack stack, string id, ContainerMembers members, CancellationToken cancellationToken)
    {
        try
        {
            var container = await docker.InspectContainerAsync(id, cancellationToken);
            using var reading = container.State is "running" or "paused"
                ? await docker.GetJsonAsync($"containers/{id}/stats?stream=false", cancellationToken, id)
                : null;
            return Create(host, stack, container, members.Find(container) ?? container.ComposeService, reading?.RootElement ?? default);
        }
        catch (OpsException error) when (error.Id == "Docker.NoSuchContainer")
        {
            // Removed since it was listed.
            return null;
        }
    }

    private static ContainerStat Create(IHost host, OpsStack stack, DockerContainer container, string? service, JsonElement reading)
    {
        var judged = ContainerStates.Judge(container);
        var figures = ContainerFigures.Read(reading);
        return new ContainerStat
        {
            Status = container.MemoryLimitBytes is not null && figures?.MemoryPercent is { } percent
                ? HealthStatuses.Worst(judged.Status, new Measurement("memory", percent, "%", stack.Thresholds.Memory.Warning, stack.Thresholds.Memory.Critical).Status)
                : judged.Status,
            Host = host.Name,
            Name = container.Name,
            Id = container.Id,
            Image = container.Image,
            Service = service,
            Project = container.ComposeProject,
            State = judged.State,
            Health = container.Health,
            CpuPercent = figures?.CpuPercent,
            CpuLimit = container.CpuLimit,
            MemoryBytes = figures?.MemoryBytes,
            MemoryLimitBytes = figures?.MemoryLimitBytes,
            MemoryPercent = figures?.MemoryPercent,
            HasMemoryLimit = container.MemoryLimitBytes is not null,
            NetworkReceivedBytes = figures?.NetworkReceivedBytes,
            NetworkSentBytes = figures?.NetworkSentBytes,
            BlockReadBytes = figures?.BlockReadBytes,
            BlockWrittenBytes = figures?.BlockWrittenBytes,
            Pids = figures?.Pids,
            Restarts = container.RestartCount,
            StartedAt = container.StartedAt,
            ReadAt = figures?.ReadAt,
        };
    }
}
