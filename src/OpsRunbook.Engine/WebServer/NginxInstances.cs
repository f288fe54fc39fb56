using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Services;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.WebServer;

/// <summary>All that runs of one web server of the stack: one nginx on a host, or one in each of its containers.</summary>
internal sealed class NginxInstances : IAsyncDisposable
{
    private static readonly TimeSpan ReloadLimit = TimeSpan.FromSeconds(30);

    private readonly List<NginxInstance> _all = [];
    private readonly List<ContainerHost> _containers = [];

    private NginxInstances()
    {
    }

    /// <summary>Those that run; empty when no container does.</summary>
    public IReadOnlyList<NginxInstance> All => _all;

    /// <summary>Finds them.</summary>
    /// <param name="session">The stack in use.</param>
    /// <param name="name">Name of the web server, which is nginx.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <returns>What was found; to be disposed.</returns>
    public static async Task<NginxInstances> OpenAsync(StackSession session, string name, CancellationToken cancellationToken)
    {
        var instances = new NginxInstances();
        var web = session.Stack.WebServers[name];
        var host = session.Host(web.Host);
        var target = ServiceTargets.Of(session.Stack).FirstOrDefault(member => member.Kind == MemberKind.WebServer && member.Name == name);
        var process = new ServiceTarget(name, MemberKind.WebServer, ServiceManagerKind.Process, new UnitReference(name), web.Host, WebServer: web);
        switch (target?.Manager)
        {
            case ServiceManagerKind.Docker or ServiceManagerKind.Compose:
                var state = await ServiceManagers.Get(target.Manager).GetStateAsync(host, target.Unit, cancellationToken);
                foreach (var instance in state.InstanceList.Where(instance => instance.State == "running"))
                {
                    var container = new ContainerHost(instance.Name, instance.Id, target.Unit.DockerEndpoint, host);
                    instances._containers.Add(container);
                    instances._all.Add(new NginxInstance(container, process, Reload: null));
                }

                break;
            case ServiceManagerKind.Systemd:
                instances._all.Add(new NginxInstance(host, process, token => ReloadAsync(host, target, token)));
                break;
            default:
                instances._all.Add(new NginxInstance(host, process, Reload: null));
                break;
        }

        return instances;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var container in _containers)
        {
            await container.DisposeAsync();
        }
    }

    private static async Task ReloadAsync(IHost host, ServiceTarget target, CancellationToken cancellationToken)
    {
        var control = ServiceControls.Get(target.Manager);
        var state = await ServiceManagers.Get(target.Manager).GetStateAsync(host, target.Unit, cancellationToken);
        if (control.Refuse(ServiceAction.Reload, target, state) is { } refusal)
        {
            throw refusal;
        }

        await control.ActAsync(ServiceAction.Reload, host, target, state, ReloadLimit, cancellationToken);
    }
}
