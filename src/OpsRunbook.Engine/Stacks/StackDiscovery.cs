using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Stacks;

/// <summary>Describes what runs on a host as a stack.</summary>
public static class StackDiscovery
{
    private static readonly TimeSpan LocalLimit = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan RemoteLimit = TimeSpan.FromSeconds(6);

    // A Node.js that starts, which on a busy machine alone takes longer than all the rest.
    private static readonly TimeSpan Pm2Limit = TimeSpan.FromSeconds(8);

    /// <summary>Looks at service managers, listening servers, containers and web server sites.</summary>
    /// <param name="host">Host to look at.</param>
    /// <param name="output">Takes what could not be looked at, as verbose lines and warnings.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <returns>A stack named for the host, without secrets.</returns>
    public static async Task<OpsStack> DiscoverAsync(IHost host, IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(output);
        var limit = host is LocalHost ? LocalLimit : RemoteLimit;
        var name = LookAsync("the host's name", token => HostNameAsync(host, token), host.Name);
        var containers = LookAsync("Docker containers", token => ContainerSource.ReadAsync(host, token), []);
        var processes = await LookAsync("processes", token => host.GetProcessesAsync(token), []);
        var systemd = processes.Any(process => process is { Pid: 1, Name: "systemd" or "init" })
            ? LookAsync("systemd units", token => SystemdSource.ReadAsync(host, token), [])
            : Task.FromResult<IReadOnlyList<SystemdUnit>>([]);
        var applications = LookAsync("pm2 applications", token => Pm2Source.ReadAsync(host, processes, output, token), [], Pm2Limit);
        var sockets = LookAsync("listening sockets", host.GetListeningSocketsAsync, []);
        var owners = LookAsync<ServiceOwners?>("the owners of processes", async token => await ServiceOwners.CreateAsync(host, processes, token), null);
        var certificates = LookAsync("certificates", token => CertificateSource.ReadAsync(host, processes, token), []);

        var builder = new StackBuilder(await name, host);
        builder.AddContainers(await containers);
        if (await owners is { } known)
        {
            await builder.AddServersAsync(processes, await sockets, known, cancellationToken);
        }

        builder.AddUnits(await systemd);
        builder.AddApplications(await applications);
        builder.AddCertificates(await certificates);
        return builder.Stack;

        // One source that hangs or fails must not hide what the others found.
        async Task<T> LookAsync<T>(string what, Func<CancellationToken, Task<T>> look, T nothing, TimeSpan? longer = null)
        {
            var patience = longer ?? limit;
            using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            bound.CancelAfter(patience);
            try
            {
                return await look(bound.Token).WaitAsync(patience, cancellationToken);
            }
            catch (OpsException error) when (error.Kind is OpsErrorKind.NotInstalled or OpsErrorKind.NotFound)
            {
                output.Verbose($"Discovery of {what} on {host.Name}: {error.Message}");
                return nothing;
            }
            catch (OpsException error)
            {
                output.Warning($"Discovery of {what} on {host.Name} failed: {error.FullMessage}");
                return nothing;
            }
            catch (Exception error) when (error is TimeoutException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
            {
                output.Warning($"Discovery of {what} on {host.Name} was given up after {Duration.Format(patience)}.");
                return nothing;
            }
        }
    }

    private static async Task<string> HostNameAsync(IHost host, CancellationToken cancellationToken)
    {
        var name = host is LocalHost
            ? Environment.MachineName
            : System.Text.Encoding.UTF8.GetString(await host.ReadFileAsync("/proc/sys/kernel/hostname", 1024, cancellationToken) ?? []).Trim();
        return name.Length == 0 ? host.Name : name;
    }
}
