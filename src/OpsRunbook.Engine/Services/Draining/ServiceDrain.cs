using System.Diagnostics;
using System.Net;
using OpsRunbook.Engine.Docker;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Services;

/// <summary>
/// Relieves a service of its requests as its <see cref="StackDrain"/> says, and lets them in again. Marks that a
/// killed run left behind are found and taken back by <see cref="ResumeAsync"/> of the next one.
/// </summary>
public sealed class ServiceDrain
{
    private const int ShownPeers = 3;
    private static readonly TimeSpan CommandLimit = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan LongestInterval = TimeSpan.FromMilliseconds(100);

    private readonly StackSession _session;
    private readonly ServiceTarget _target;
    private readonly StackDrain _drain;

    private ServiceDrain(StackSession session, ServiceTarget target, StackDrain drain)
    {
        _session = session;
        _target = target;
        _drain = drain;
    }

    private string Owner => UpstreamMark.OwnerOf(_session.Stack.Name, _target.Name);

    private string Ports => $"port{(_target.Ports.Count == 1 ? string.Empty : "s")} {string.Join(", ", _target.Ports)}";

    /// <summary>The drain of a service.</summary>
    /// <param name="session">The stack in use.</param>
    /// <param name="target">The service.</param>
    /// <returns>Null when none is defined.</returns>
    public static ServiceDrain? For(StackSession session, ServiceTarget target)
    {
        ArgumentNullException.ThrowIfNull(target);
        return target.Service?.Drain is { } drain ? new ServiceDrain(session, target, drain) : null;
    }

    /// <summary>A drain that the stack file does not define for the service itself.</summary>
    /// <param name="session">The stack in use.</param>
    /// <param name="target">The service.</param>
    /// <param name="drain">How it is drained.</param>
    /// <returns>The drain.</returns>
    internal static ServiceDrain Of(StackSession session, ServiceTarget target, StackDrain drain) => new(session, target, drain);

    /// <summary>What draining would do, for plans, in one line.</summary>
    /// <returns>Such as <c>mark port 3001 down in upstream backend of web, then wait up to 30s until port 3001 had no connection for 2s</c>.</returns>
    public string Describe()
    {
        var steps = new List<string>();
        if (_drain.WebServer is { } web)
        {
            steps.Add($"mark {Ports} down in {(_drain.Upstream is { } upstream ? $"upstream {upstream}" : "every upstream")} of {web}");
        }

        if (_drain.Command is { Count: > 0 } command)
        {
            steps.Add($"run '{CommandRedactor.Redact(command)}'");
        }

        if (_target.Ports.Count > 0)
        {
            steps.Add($"wait up to {Duration.Format(_drain.Timeout)} until {Ports} had no connection for {Duration.Format(_drain.Quiet)}");
        }

        return string.Join(", then ", steps) + (_drain.Resume is { Count: > 0 } resume ? $"; '{CommandRedactor.Redact(resume)}' lets requests in again" : string.Empty);
    }

    /// <summary>
    /// Keeps new requests away and waits for the running ones. Whatever comes of it, also an exception,
    /// <see cref="ResumeAsync"/> puts back what was done.
    /// </summary>
    /// <param name="output">Takes progress.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>How it went; a service that is still busy at the end of the time is a result, not an exception.</returns>
    /// <exception cref="OpsException"><c>Drain.…</c>: requests cannot be kept away, for example because the web server refuses its configuration.</exception>
    public async Task<DrainReport> BeginAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        if (_target.Ports.Count == 0 && (_drain.WebServer is not null || _drain.Command is not { Count: > 0 }))
        {
            throw new OpsException(
                "Drain.PortsMissing",
                OpsErrorKind.InvalidArgument,
                $"'{_target.Name}' cannot be drained: the stack file does not say on which ports it listens, so that nobody can tell when it has no connections.",
                "Give it 'ports' in the stack file, or a 'drain.command'.",
                _target.Name);
        }

        var containers = await ContainersAsync(cancellationToken);
        var done = new List<string>();
        if (_drain.WebServer is { } web)
        {
            output.Progress($"Draining {_target.Name}", $"marking it down in {web}", null);
            done.Add(await MarkAsync(web, containers, cancellationToken));
        }

        if (_drain.Command is { Count: > 0 } command)
        {
            output.Progress($"Draining {_target.Name}", CommandRedactor.Redact(command), null);
            await RunAsync(command, cancellationToken);
            done.Add($"'{CommandRedactor.Redact(command)}' was run");
        }

        if (_target.Ports.Count == 0)
        {
            return new DrainReport(IsQuiet: true, $"{string.Join("; ", done)}; it has no ports to watch");
        }

        var (isQuiet, message) = await WaitAsync(ServiceConnections.Of(_session, _target, containers), output, cancellationToken);
        return new DrainReport(isQuiet, string.Join("; ", done.Append(message)));
    }

    /// <summary>Lets requests in again. Harmless when nothing was drained.</summary>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>A task that ends when requests can come again.</returns>
    /// <exception cref="OpsException"><c>Drain.…</c>: it may still get no requests.</exception>
    public async Task ResumeAsync(CancellationToken cancellationToken)
    {
        OpsException? failure = null;
        if (_drain.Resume is { Count: > 0 } command)
        {
            try
            {
                await RunAsync(command, cancellationToken);
            }
            catch (OpsException error)
            {
                // The web server is no less told because of it.
                failure = error;
            }
        }

        if (_drain.WebServer is { } web)
        {
            await using var servers = await NginxServers.OpenAsync(_session, web, _target, Owner, cancellationToken);
            await servers.UnmarkAsync(cancellationToken);
        }

        if (failure is not null)
        {
            throw failure;
        }
    }

    private async Task<string> MarkAsync(string web, IReadOnlyList<DockerContainer> containers, CancellationToken cancellationToken)
    {
        await using var servers = await NginxServers.OpenAsync(_session, web, _target, Owner, cancellationToken);
        var marked = await servers.MarkAsync(
            async (host, upstreams) =>
            {
                var addresses = await ServiceAddresses.ReadAsync(host, _session.Host(_target.HostName), _target, containers, cancellationToken);
                return await UpstreamChoice.ChooseAsync(upstreams, server => addresses.IsServiceAsync(server, cancellationToken), _drain.Upstream, web, _target, Owner);
            },
            cancellationToken);
        return marked.Count == 0
            ? $"every server of it in {web} was down already"
            : string.Join(" and ", marked.Select(server => $"{server.Name} is down in upstream {server.Upstream}").Distinct(StringComparer.Ordinal)) + $" of {web}";
    }

    private async Task<(bool IsQuiet, string Message)> WaitAsync(ServiceConnections connections, IOperationOutput output, CancellationToken cancellationToken)
    {
        var interval = TimeSpan.FromTicks(Math.Clamp(_drain.Quiet.Ticks / 10, TimeSpan.TicksPerMillisecond * 10, LongestInterval.Ticks));
        var clock = Stopwatch.StartNew();
        for (TimeSpan? quietSince = null; ; await Task.Delay(interval, cancellationToken))
        {
            var begun = clock.Elapsed;
            var peers = await connections.ReadAsync(cancellationToken);
            if (peers.Count == 0)
            {
                quietSince ??= begun;
                if (clock.Elapsed - quietSince >= _drain.Quiet)
                {
                    return (true, $"{Ports} had no connection for {Duration.Format(_drain.Quiet)}, after {Duration.Format(quietSince.Value)}");
                }

                output.Progress($"Draining {_target.Name}", $"no connections for {Duration.Format(clock.Elapsed - quietSince.Value)}", null);
                continue;
            }

            quietSince = null;
            var count = $"{peers.Count} connection{(peers.Count == 1 ? string.Empty : "s")} from {From(peers)}";
            if (clock.Elapsed >= _drain.Timeout)
            {
                return (false, $"{Ports} still had {count} after {Duration.Format(_drain.Timeout)}");
            }

            output.Progress($"Draining {_target.Name}", $"{count} left", (int)(100 * clock.Elapsed / _drain.Timeout));
        }
    }

    private static string From(IReadOnlyList<IPEndPoint> peers)
    {
        var addresses = peers.GroupBy(peer => peer.Address).OrderByDescending(group => group.Count()).Select(group => group.Key.ToString()).ToList();
        return string.Join(", ", addresses.Take(ShownPeers)) + (addresses.Count > ShownPeers ? " and others" : string.Empty);
    }

    private async Task<IReadOnlyList<DockerContainer>> ContainersAsync(CancellationToken cancellationToken)
    {
        if (_target.Manager is not (ServiceManagerKind.Docker or ServiceManagerKind.Compose))
        {
            return [];
        }

        var host = _session.Host(_target.HostName);
        using var docker = new DockerClient(host, _target.Unit.DockerEndpoint);
        if (!docker.Endpoint.StartsWith("unix:", StringComparison.Ordinal))
        {
            throw new OpsException(
                "Drain.EngineRemote",
                OpsErrorKind.InvalidArgument,
                $"The connections of '{_target.Name}' cannot be counted: its engine at {docker.Endpoint} runs on another machine than {host.Name}.",
                "Give the service that machine as 'host' in the stack file.",
                _target.Name);
        }

        var state = await ServiceManagers.Get(_target.Manager).GetStateAsync(host, _target.Unit, cancellationToken);
        var containers = new List<DockerContainer>();
        foreach (var instance in state.InstanceList.Where(instance => instance.Pid is not null))
        {
            containers.Add(await docker.InspectContainerAsync(instance.Id, cancellationToken));
        }

        return containers.FindAll(container => container.Pid is not null);
    }

    private async Task RunAsync(List<string> command, CancellationToken cancellationToken)
    {
        var result = await _session.Host(_target.HostName).RunAsync(new HostCommand([.. command]) { Timeout = CommandLimit }, cancellationToken);
        if (!result.Succeeded)
        {
            throw new OpsException(
                "Drain.CommandFailed",
                OpsErrorKind.OperationFailed,
                $"'{CommandRedactor.Redact(command)}' for '{_target.Name}' on host '{_target.Host}' ended with {result.ExitCode}: {CommandRedactor.RedactText(result.Summary)}",
                "Run it by hand, and mend 'drain' of the service in the stack file.",
                _target.Name);
        }
    }
}
