using System.Collections.Concurrent;
using System.Text;
using System.Text.RegularExpressions;
using OpsRunbook.Engine.Docker;

namespace OpsRunbook.Engine.Hosts;

/// <summary>Tells which service each process of a host belongs to: by its control group, or by the pm2 daemon above it.</summary>
internal sealed partial class ServiceOwners
{
    private const int ShortId = 12;
    private const int MaximumEnvironment = 256 * 1024;
    private const int MaximumDepth = 64;

    private static readonly TimeSpan EngineLimit = TimeSpan.FromSeconds(1);

    private readonly IHost _host;
    private readonly Dictionary<int, HostProcess> _processes;
    private readonly Dictionary<string, DockerContainer> _containers;
    private readonly string? _own;
    private readonly ConcurrentDictionary<int, ServiceOwner?> _applications = new();

    private ServiceOwners(IHost host, Dictionary<int, HostProcess> processes, Dictionary<string, DockerContainer> containers, string? own)
    {
        _host = host;
        _processes = processes;
        _containers = containers;
        _own = own;
    }

    /// <summary>Prepares the answers. The container engine is only asked when a process runs in a container.</summary>
    /// <param name="host">The host of the processes.</param>
    /// <param name="processes">All of them.</param>
    /// <param name="cancellationToken">Ends the preparation.</param>
    /// <returns>The answers.</returns>
    public static async Task<ServiceOwners> CreateAsync(IHost host, IReadOnlyList<HostProcess> processes, CancellationToken cancellationToken)
    {
        var containers = new Dictionary<string, DockerContainer>(StringComparer.Ordinal);
        var own = OwnContainer(processes);
        if (processes.Any(process => (ContainerId(process) is { } id && id != own) || process.Name == "docker-proxy"))
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(EngineLimit);
            try
            {
                using var docker = new DockerClient(host);
                foreach (var container in await docker.ListContainersAsync(all: false, limit.Token))
                {
                    containers[container.Id] = container;
                }
            }
            catch (Exception error) when (error is OpsException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
            {
                // Another engine, one that this user may not ask, or one that hangs: the id has to do.
            }
        }

        return new ServiceOwners(host, processes.ToDictionary(process => process.Pid), containers, own);
    }

    /// <summary>Processes of the host itself, not of its containers.</summary>
    /// <param name="processes">All that the host shows.</param>
    /// <returns>Those outside of containers, or in the same one as the host's first process.</returns>
    public static IReadOnlyList<HostProcess> OutsideContainers(IReadOnlyList<HostProcess> processes)
    {
        var own = OwnContainer(processes);
        return processes.Where(process => ContainerId(process) is not { } id || id == own).ToList();
    }

    /// <summary>Unit that a process belongs to, without <c>.service</c>; null for none, and for login sessions.</summary>
    /// <param name="process">The process.</param>
    /// <returns>The unit.</returns>
    public static string? SystemdUnit(HostProcess process)
    {
        const string suffix = ".service";
        var unit = process.ControlGroup.Split('/').LastOrDefault(part => part.EndsWith(suffix, StringComparison.Ordinal));
        return unit is null || unit.StartsWith("user@", StringComparison.Ordinal) ? null : unit[..^suffix.Length];
    }

    /// <summary>The home of a pm2 daemon; null when the process is none.</summary>
    /// <param name="process">The process.</param>
    /// <returns>Its folder.</returns>
    public static string? Pm2Home(HostProcess process) =>
        process.CommandLine.Count > 0 && DaemonPattern().Match(process.CommandLine[0]) is { Success: true } match ? match.Groups["home"].Value : null;

    /// <summary>The service of a process.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="cancellationToken">Ends the question.</param>
    /// <returns>Null when nothing supervises it.</returns>
    public async ValueTask<ServiceOwner?> FindAsync(int pid, CancellationToken cancellationToken)
    {
        if (!_processes.TryGetValue(pid, out var process))
        {
            return null;
        }

        if (ContainerId(process) is { } id && id != _own)
        {
            return Describe(id);
        }

        return await ApplicationAsync(process, cancellationToken)
            ?? (SystemdUnit(process) is { } unit ? new ServiceOwner(ServiceManagerKind.Systemd, unit) : null);
    }

    /// <summary>The container that publishes a port of this host.</summary>
    /// <param name="port">Port of the host.</param>
    /// <param name="protocol"><c>tcp</c> or <c>udp</c>.</param>
    /// <returns>Null when none does.</returns>
    public ServiceOwner? Publisher(int port, string protocol) =>
        _containers.Values.FirstOrDefault(container => container.Ports.Any(published => published.HostPort == port && published.Protocol == protocol)) is { } container
            ? Describe(container.Id)
            : null;

    private static string? ContainerId(HostProcess process) =>
        ContainerPattern().Matches(process.ControlGroup) is { Count: > 0 } matches ? matches[^1].Value : null;

    // What runs in the same container as the first process is at home there: the "host" is that container.
    private static string? OwnContainer(IReadOnlyList<HostProcess> processes) =>
        processes.FirstOrDefault(process => process.Pid == 1) is { } first ? ContainerId(first) : null;

    private ServiceOwner Describe(string id) => !_containers.TryGetValue(id, out var container)
        ? new ServiceOwner(ServiceManagerKind.Docker, id[..ShortId])
        : container.ComposeService is { } service
            ? new ServiceOwner(ServiceManagerKind.Compose, service, container.ComposeProject)
            : new ServiceOwner(ServiceManagerKind.Docker, container.Name);

    private async ValueTask<ServiceOwner?> ApplicationAsync(HostProcess process, CancellationToken cancellationToken)
    {
        for (var depth = 0; depth < MaximumDepth && _processes.TryGetValue(process.ParentPid, out var parent); depth++, process = parent)
        {
            if (Pm2Home(parent) is null)
            {
                continue;
            }

            if (!_applications.TryGetValue(process.Pid, out var owner))
            {
                owner = await ReadNameAsync(process.Pid, cancellationToken) is { } name
                    ? new ServiceOwner(ServiceManagerKind.Pm2, name, User: parent.User)
                    : null;
                _applications[process.Pid] = owner;
            }

            return owner;
        }

        return null;
    }

    // pm2 hands each application its own description as environment variables. Nothing but the name is kept.
    private async Task<string?> ReadNameAsync(int pid, CancellationToken cancellationToken)
    {
        const string key = "name=";
        try
        {
            var environment = await _host.ReadFileAsync($"/proc/{pid}/environ", MaximumEnvironment, cancellationToken);
            var entry = Encoding.UTF8.GetString(environment ?? []).Split('\0').FirstOrDefault(entry => entry.StartsWith(key, StringComparison.Ordinal));
            return entry is { Length: > 5 } ? entry[key.Length..] : null;
        }
        catch (OpsException)
        {
            return null;
        }
    }

    [GeneratedRegex("(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])", RegexOptions.None, 1000)]
    private static partial Regex ContainerPattern();

    [GeneratedRegex(@"^PM2 v\S+: God Daemon \((?<home>.+)\)\s*$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex DaemonPattern();
}
