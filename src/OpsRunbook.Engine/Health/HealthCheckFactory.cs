using OpsRunbook.Engine.Backups;
using OpsRunbook.Engine.Cache;
using OpsRunbook.Engine.Certificates;
using OpsRunbook.Engine.Databases;
using OpsRunbook.Engine.Endpoints;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Services;

namespace OpsRunbook.Engine.Health;

/// <summary>Turns the members of a stack into the checks that make up their health.</summary>
public sealed class HealthCheckFactory
{
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(5);

    // systemctl, pm2 and the Engine API answer in well under a second; a machine that is short of
    // everything is given a little more.
    private static readonly TimeSpan UnitTimeout = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan HostTimeout = TimeSpan.FromSeconds(15);

    private readonly OpsStack _stack;
    private readonly TimeSpan? _timeout;
    private readonly Dictionary<(ServiceManagerKind Kind, string? Host, string? User, string? Pm2Home), UnitBatch> _batches = [];

    private HealthCheckFactory(OpsStack stack, TimeSpan? timeout)
    {
        _stack = stack;
        _timeout = timeout;
    }

    /// <summary>
    /// The members of a stack with fresh checks, good for one round: units of one manager are asked for together, once.
    /// </summary>
    /// <param name="stack">The stack.</param>
    /// <param name="timeout">Longest time of any one check; null for each check's own.</param>
    /// <param name="include">Names of the members that are wanted; null for all.</param>
    /// <returns>The members in the order of the stack.</returns>
    public static IReadOnlyList<HealthMember> Create(OpsStack stack, TimeSpan? timeout = null, Func<MemberKind, string, bool>? include = null)
    {
        ArgumentNullException.ThrowIfNull(stack);
        var factory = new HealthCheckFactory(stack, timeout);
        return factory.Members().Where(member => include?.Invoke(member.Kind, member.Name) != false).Select(member => member.Create()).ToList();
    }

    private IEnumerable<(MemberKind Kind, string Name, Func<HealthMember> Create)> Members()
    {
        foreach (var (name, service) in _stack.Services)
        {
            yield return (MemberKind.Service, name, () => Service(name, service));
        }

        foreach (var (name, database) in _stack.Databases)
        {
            yield return (MemberKind.Database, name, () => Member(name, MemberKind.Database, database.Host, database.DependsOn,
            [
                .. Unit(database.Manager, database.Host, database.Unit ?? name, database.ComposeFile, database.Project),
                new DatabaseCheck("database", database, _stack.Thresholds),
            ]));
        }

        foreach (var (name, cache) in _stack.Caches)
        {
            yield return (MemberKind.Cache, name, () => Member(name, MemberKind.Cache, cache.Host, cache.DependsOn,
            [
                .. Unit(cache.Manager, cache.Host, cache.Unit ?? name, cache.ComposeFile, cache.Project),
                new CacheCheck("cache", cache, _stack.Thresholds),
            ]));
        }

        foreach (var (name, server) in _stack.WebServers)
        {
            yield return (MemberKind.WebServer, name, () => WebServer(name, server));
        }

        foreach (var (name, certificate) in _stack.Certificates)
        {
            yield return (MemberKind.Certificate, name, () => Member(name, MemberKind.Certificate, certificate.Host, [], [new CertificateCheck("certificate", certificate)]));
        }

        foreach (var (name, backup) in _stack.Backups)
        {
            yield return (MemberKind.Backup, name, () => Member(name, MemberKind.Backup, backup.Host, [], [new BackupCheck("backup", name)]));
        }

        foreach (var (name, url) in MonitoringEndpoints(_stack.Monitoring))
        {
            yield return (MemberKind.Monitoring, name, () => Member(name, MemberKind.Monitoring, _stack.Monitoring?.Host, [],
                [Http(_stack.Monitoring?.Host, new StackHealthCheck { Url = url, Status = "2xx" })]));
        }

        foreach (var name in HostNames())
        {
            yield return (MemberKind.Host, name, () => Member(name, MemberKind.Host, name, [], [new HostCheck(name, _stack.Thresholds, Limited(HostTimeout))]));
        }
    }

    private static IEnumerable<(string Name, string Url)> MonitoringEndpoints(StackMonitoring? monitoring)
    {
        (string Name, string? Base, string Path)[] systems =
        [
            ("prometheus", monitoring?.Prometheus, "/-/healthy"),
            ("alertmanager", monitoring?.Alertmanager, "/-/healthy"),
            ("loki", monitoring?.Loki, "/ready"),
            ("grafana", monitoring?.Grafana, "/api/health"),
        ];
        return systems.Where(system => system.Base is not null).Select(system => (system.Name, system.Base!.TrimEnd('/') + system.Path));
    }

    private HealthMember Service(string name, StackService service) => Member(name, MemberKind.Service, service.Host, service.DependsOn,
    [
        .. Unit(service.Manager, service.Host, service.Unit ?? name, service.ComposeFile, service.Project, service.User, service.Pm2Home, service.Instances),
        .. Ports(service.Host, service.Ports),
        .. Endpoints(service.Host, service.Health),
    ]);

    private HealthMember WebServer(string name, StackWebServer server)
    {
        List<IHealthCheck> checks =
        [
            .. Unit(server.Manager, server.Host, server.Unit ?? name, server.ComposeFile, server.Project),
            .. Ports(server.Host, server.Ports),
            .. Endpoints(server.Host, server.Health),
        ];

        // A web server that is declared and no more must at least run.
        return Member(name, MemberKind.WebServer, server.Host, server.DependsOn,
            checks.Count > 0 ? checks : Unit(ServiceManagerKind.Process, server.Host, server.Unit ?? server.Engine));
    }

    private static HealthMember Member(string name, MemberKind kind, string? host, List<string> dependsOn, IReadOnlyList<IHealthCheck> checks) => new(
        name,
        kind,
        host ?? LocalHost.LocalName,
        dependsOn,
        checks.Count > 0 ? checks : [new NothingToCheck("give it a manager, ports, or a health check in the stack file.")]);

    private IReadOnlyList<IHealthCheck> Unit(
        ServiceManagerKind? manager,
        string? host,
        string unit,
        string? composeFile = null,
        string? project = null,
        string? user = null,
        string? pm2Home = null,
        int? instances = null)
    {
        if (manager is not { } kind)
        {
            return [];
        }

        if (!_batches.TryGetValue((kind, host, user, pm2Home), out var batch))
        {
            batch = new UnitBatch(kind, host);
            _batches.Add((kind, host, user, pm2Home), batch);
        }

        return [new UnitCheck(batch, new UnitReference(unit, composeFile, project, user, pm2Home, host is not null && _stack.Hosts.GetValueOrDefault(host) is { Container: null } machine ? machine.Docker : null), instances, Limited(UnitTimeout))];
    }

    private IEnumerable<IHealthCheck> Ports(string? host, List<int> ports) =>
        ports.Select(port => new TcpCheck($"tcp {port}", host, $"{port}", Limited(DefaultTimeout)));

    private IEnumerable<IHealthCheck> Endpoints(string? host, List<StackHealthCheck> checks)
    {
        foreach (var check in checks)
        {
            var timeout = Limited(check.Timeout ?? DefaultTimeout);
            if (check.Url is not null)
            {
                yield return Http(host, check);
            }

            if (check.Tcp is not null)
            {
                yield return new TcpCheck(check.Name ?? "tcp", host, check.Tcp, timeout);
            }

            if (check.Dns is not null)
            {
                yield return new DnsCheck(check.Name ?? "dns", check, timeout);
            }

            if (check.Command is not null)
            {
                yield return new CommandCheck(check.Name ?? "command", host, check.Command, timeout);
            }
        }
    }

    private HttpCheck Http(string? host, StackHealthCheck check) =>
        new(host, check, _stack.Thresholds.Latency, Limited(check.Timeout ?? DefaultTimeout));

    private IEnumerable<string> HostNames() => new[] { LocalHost.LocalName }
        .Where(_ => UsedHosts().Any(host => host is null or LocalHost.LocalName))
        .Concat(_stack.Hosts.Keys)
        .Distinct(StringComparer.Ordinal);

    private IEnumerable<string?> UsedHosts() => _stack.Services.Values.Select(member => member.Host)
        .Concat(_stack.Databases.Values.Select(member => member.Host))
        .Concat(_stack.Caches.Values.Select(member => member.Host))
        .Concat(_stack.WebServers.Values.Select(member => member.Host))
        .Concat(_stack.Certificates.Values.Select(member => member.Host))
        .DefaultIfEmpty(null);

    private TimeSpan Limited(TimeSpan timeout) => _timeout < timeout ? _timeout.Value : timeout;
}
