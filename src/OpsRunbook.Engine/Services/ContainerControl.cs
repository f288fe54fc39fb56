using OpsRunbook.Engine.Docker;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Logs.Sources;

namespace OpsRunbook.Engine.Services;

/// <summary>What Docker and compose services have in common: their containers are started and stopped through the Engine API.</summary>
public abstract class ContainerControl : IServiceControl
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    /// <inheritdoc/>
    public abstract ServiceManagerKind Kind { get; }

    /// <inheritdoc/>
    public virtual OpsException? Refuse(ServiceAction action, ServiceTarget target, UnitState state)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(state);
        return state.Reason == "Service.NotFound" ? ServiceErrors.NotFound(target)
            : action != ServiceAction.Reload ? null
            : state.Instances == 0 ? ServiceErrors.Cannot(target, action, "it does not run.", "Start it.")
            : !target.IsNginx ? ServiceErrors.Cannot(target, action, "only nginx is known to reload in a container.", "Restart it.")
            : null;
    }

    /// <inheritdoc/>
    public virtual string Describe(ServiceAction action, ServiceTarget target, UnitState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        var names = string.Join(' ', state.InstanceList.Select(instance => instance.Name));
        return action switch
        {
            ServiceAction.Reload => $"docker exec {names} nginx -s reload",
            ServiceAction.Start => $"docker start {names}",
            ServiceAction.Stop => $"docker stop {names}",
            _ => $"docker restart {names}{(state.InstanceList.Count > 1 ? ", one after another" : string.Empty)}",
        };
    }

    /// <inheritdoc/>
    public virtual async Task ActAsync(ServiceAction action, IHost host, ServiceTarget target, UnitState state, TimeSpan limit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(state);
        using var docker = new DockerClient(host, target.Unit.DockerEndpoint);
        var rolling = action == ServiceAction.Restart && state.InstanceList.Count > 1;
        foreach (var instance in state.InstanceList)
        {
            await ActAsync(docker, action, target, instance, limit, cancellationToken);
            if (rolling)
            {
                // The others serve meanwhile, so the next one waits until this one does again.
                await UntilUpAsync(docker, target, instance, limit, cancellationToken);
            }
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> ReadLogAsync(IHost host, ServiceTarget target, UnitState state, int lines, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(state);
        var last = state.InstanceList.OrderBy(instance => instance.State == "running").ThenByDescending(instance => instance.Since).FirstOrDefault();
        return last is null ? [] : await new ContainerSource(host, target.Unit.DockerEndpoint, last.Id, last.Name, target.Name).LastLinesAsync(lines, cancellationToken);
    }

    private static async Task ActAsync(
        DockerClient docker, ServiceAction action, ServiceTarget target, ServiceInstance instance, TimeSpan limit, CancellationToken cancellationToken)
    {
        try
        {
            if (action == ServiceAction.Reload)
            {
                var result = await docker.ExecAsync(instance.Id, new HostCommand("nginx", "-s", "reload") { Timeout = limit }, cancellationToken);
                if (result.ExitCode != 0)
                {
                    throw ServiceErrors.Failed(target, action, result.ToCommandResult().Summary);
                }

                return;
            }

            await docker.ActAsync(
                instance.Id, action switch { ServiceAction.Start => "start", ServiceAction.Stop => "stop", _ => "restart" }, null, limit, cancellationToken);
        }
        catch (OpsException error) when (error.Id == "Docker.RequestFailed")
        {
            throw ServiceErrors.Failed(target, action, error.Message);
        }
    }

    private static async Task UntilUpAsync(DockerClient docker, ServiceTarget target, ServiceInstance instance, TimeSpan limit, CancellationToken cancellationToken)
    {
        for (var clock = System.Diagnostics.Stopwatch.StartNew(); clock.Elapsed < limit; await Task.Delay(Interval, cancellationToken))
        {
            var container = await docker.InspectContainerAsync(instance.Id, cancellationToken);
            if (container is { State: "running", Health: null or "healthy" })
            {
                return;
            }
        }

        throw ServiceErrors.Failed(target, ServiceAction.Restart, $"container {instance.Name} was not up again in time; the ones after it were left alone.");
    }
}
