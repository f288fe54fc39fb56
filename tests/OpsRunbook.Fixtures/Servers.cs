using Xunit;

namespace OpsRunbook.Fixtures;

/// <summary>
/// Real servers for tests. <c>await Servers.RedisAsync()</c> gives the one that all tests of the process
/// share: leave it running and clean, and take names of your own in it. <c>await using var redis = await
/// Servers.NewRedisAsync()</c> gives one of your own to stop, freeze, kill and fill.
/// Where a server cannot be had the test is skipped by name (use <c>[SkippableFact]</c>), or fails when
/// <c>OPSRUNBOOK_TESTS_REQUIRE_SERVERS</c> is 1, as it is where tests/run.sh could install them.
/// </summary>
public static class Servers
{
    private static readonly Lazy<Task<PostgreSqlServer>> SharedPostgreSql = new(() => PostgreSqlServer.CreateAsync());
    private static readonly Lazy<Task<MariaDbServer>> SharedMariaDb = new(() => MariaDbServer.CreateAsync());
    private static readonly Dictionary<RedisKind, Lazy<Task<RedisServer>>> SharedRedis =
        Enum.GetValues<RedisKind>().ToDictionary(kind => kind, kind => new Lazy<Task<RedisServer>>(() => RedisServer.CreateAsync(kind)));

    private static readonly Lazy<Task<NginxServer>> SharedNginx = new(() => NginxServer.CreateAsync(null));
    private static readonly Lazy<Task<SshServer>> SharedSshd = new(() => SshServer.CreateAsync());
    private static readonly Lazy<Task<DnsServer>> SharedDns = new(() => DnsServer.CreateAsync());
    private static readonly Lazy<Task<DockerEngine>> SharedDocker = new(DockerEngine.CreateAsync);
    private static readonly Lazy<Task<Pm2Daemon>> SharedPm2 = new(Pm2Daemon.CreateAsync);
    private static readonly Lazy<Task<MongoShell>> SharedMongoShell = new(MongoShell.CreateAsync);
    private static readonly Lazy<Task<SystemdHost>> SharedSystemdHost = new(async () => await SystemdHost.CreateAsync(await SharedDocker.Value));

    /// <summary>The shared PostgreSQL server.</summary>
    /// <returns>The server, answering.</returns>
    public static Task<PostgreSqlServer> PostgreSqlAsync() => GetAsync(SharedPostgreSql);

    /// <summary>A PostgreSQL server of the test's own.</summary>
    /// <param name="settings">Settings such as <c>max_connections=10</c>.</param>
    /// <returns>The server, answering.</returns>
    public static Task<PostgreSqlServer> NewPostgreSqlAsync(params string[] settings) => GetAsync(() => PostgreSqlServer.CreateAsync(settings));

    /// <summary>A replica of a PostgreSQL server.</summary>
    /// <param name="primary">The primary.</param>
    /// <returns>The replica, answering.</returns>
    public static Task<PostgreSqlServer> NewPostgreSqlReplicaAsync(PostgreSqlServer primary) => GetAsync(() => PostgreSqlServer.CreateReplicaAsync(primary));

    /// <summary>The shared MariaDB server.</summary>
    /// <returns>The server, answering.</returns>
    public static Task<MariaDbServer> MariaDbAsync() => GetAsync(SharedMariaDb);

    /// <summary>A MariaDB server of the test's own.</summary>
    /// <param name="settings">Settings such as <c>--max-connections=10</c>.</param>
    /// <returns>The server, answering.</returns>
    public static Task<MariaDbServer> NewMariaDbAsync(params string[] settings) => GetAsync(() => MariaDbServer.CreateAsync(settings));

    /// <summary>The shared Redis server of a kind.</summary>
    /// <param name="kind">How it is reached.</param>
    /// <returns>The server, answering.</returns>
    public static Task<RedisServer> RedisAsync(RedisKind kind = RedisKind.Plain) => GetAsync(SharedRedis[kind]);

    /// <summary>A Redis server of the test's own.</summary>
    /// <param name="kind">How it is reached.</param>
    /// <param name="settings">Lines of its configuration such as <c>maxmemory 10mb</c>.</param>
    /// <returns>The server, answering.</returns>
    public static Task<RedisServer> NewRedisAsync(RedisKind kind = RedisKind.Plain, params string[] settings) =>
        GetAsync(() => RedisServer.CreateAsync(kind, settings));

    /// <summary>A read-only replica of a Redis server, with the same password.</summary>
    /// <param name="master">The master, of the kind <see cref="RedisKind.Plain"/>.</param>
    /// <returns>The replica, in step.</returns>
    public static Task<RedisServer> NewRedisReplicaAsync(RedisServer master) => GetAsync(() => RedisServer.CreateReplicaAsync(master));

    /// <summary>A Redis cluster of three masters.</summary>
    /// <param name="replicas">Replicas of each master.</param>
    /// <returns>The cluster, serving all slots, its replicas in step.</returns>
    public static Task<RedisCluster> NewRedisClusterAsync(int replicas = 0) => GetAsync(() => RedisCluster.CreateAsync(replicas));

    /// <summary>A Prometheus of the test's own, which scrapes itself and the given jobs.</summary>
    /// <param name="jobs">Jobs with the address that is scraped; null for none.</param>
    /// <param name="alertmanager">Address of an Alertmanager to send alerts to; null for none.</param>
    /// <param name="rules">Content of its rule file; null for none.</param>
    /// <returns>The server, answering.</returns>
    public static Task<PrometheusServer> NewPrometheusAsync(IReadOnlyDictionary<string, string>? jobs = null, string? alertmanager = null, string? rules = null) =>
        GetAsync(() => PrometheusServer.CreateAsync(jobs ?? new Dictionary<string, string>(), alertmanager, rules));

    /// <summary>An Alertmanager of the test's own.</summary>
    /// <returns>The server, answering.</returns>
    public static Task<AlertmanagerServer> NewAlertmanagerAsync() => GetAsync(AlertmanagerServer.CreateAsync);

    /// <summary>The shared nginx server.</summary>
    /// <returns>The server, answering.</returns>
    public static Task<NginxServer> NginxAsync() => GetAsync(SharedNginx);

    /// <summary>An nginx server of the test's own.</summary>
    /// <param name="servers">Content of the <c>http</c> block for the server's ports and folder; null for the usual one.</param>
    /// <param name="workers">Processes that serve.</param>
    /// <returns>The server, answering.</returns>
    public static Task<NginxServer> NewNginxAsync(Func<NginxServer, string>? servers = null, int workers = 1) => GetAsync(() => NginxServer.CreateAsync(servers, workers));

    /// <summary>A certificate authority of the test's own, with certbot.</summary>
    /// <param name="httpPort">Port on which it looks for the answers of HTTP-01.</param>
    /// <param name="reuse">A name that was proved once need not be proved again, which is quicker.</param>
    /// <returns>The authority, listening.</returns>
    public static Task<AcmeServer> NewAcmeAsync(int httpPort, bool reuse = false) => GetAsync(() => AcmeServer.CreateAsync(httpPort, reuse));

    /// <summary>The shared OpenSSH server on this machine.</summary>
    /// <returns>The server, answering.</returns>
    public static Task<SshServer> SshdAsync() => GetAsync(SharedSshd);

    /// <summary>An OpenSSH server of the test's own.</summary>
    /// <returns>The server, answering.</returns>
    public static Task<SshServer> NewSshdAsync() => GetAsync(SshServer.CreateAsync);

    /// <summary>The shared DNS server.</summary>
    /// <returns>The server, answering.</returns>
    public static Task<DnsServer> DnsAsync() => GetAsync(SharedDns);

    /// <summary>A DNS server of the test's own.</summary>
    /// <param name="records">Records as dnsmasq options such as <c>--host-record=www.example.test,192.0.2.99</c>; none for the usual ones.</param>
    /// <returns>The server, answering.</returns>
    public static Task<DnsServer> NewDnsAsync(params string[] records) => GetAsync(() => DnsServer.CreateAsync(records));

    /// <summary>The shared Docker Engine. Give containers names from <see cref="DockerEngine.NewName"/>, and remove them.</summary>
    /// <returns>The engine, answering.</returns>
    public static Task<DockerEngine> DockerAsync() => GetAsync(SharedDocker);

    /// <summary>A Docker Engine of the test's own, to stop and to fill; needs root.</summary>
    /// <returns>The engine, answering.</returns>
    public static Task<DockerEngine> NewDockerAsync() => GetAsync(DockerEngine.CreateAsync);

    /// <summary>The shared machine with systemd. Leave its services running and well.</summary>
    /// <returns>The machine, up.</returns>
    public static Task<SystemdHost> SystemdHostAsync() => GetAsync(SharedSystemdHost);

    /// <summary>A machine with systemd of the test's own, to break.</summary>
    /// <returns>The machine, up.</returns>
    public static Task<SystemdHost> NewSystemdHostAsync() => GetAsync(async () => await SystemdHost.CreateAsync(await SharedDocker.Value));

    /// <summary>The shared pm2 daemon, which this process's <c>pm2</c> commands use from then on. Give applications names of your own, and delete them.</summary>
    /// <returns>The daemon, answering.</returns>
    public static Task<Pm2Daemon> Pm2Async() => GetAsync(SharedPm2);

    /// <summary>The <c>mongosh</c> program, which this process finds from then on.</summary>
    /// <returns>The program.</returns>
    public static Task<MongoShell> MongoShellAsync() => GetAsync(SharedMongoShell);

    /// <summary>The sample application of the test's own, as a plain process.</summary>
    /// <returns>The application, answering.</returns>
    public static Task<AppServer> NewAppAsync() => GetAsync(AppServer.CreateAsync);

    /// <summary>A small file system of its own.</summary>
    /// <param name="bytes">Its size.</param>
    /// <returns>The file system, mounted and empty.</returns>
    public static Task<SmallDisk> NewSmallDiskAsync(long bytes = 4 * 1024 * 1024) => GetAsync(() => SmallDisk.CreateAsync(bytes));

    /// <summary>A network of its own, in which a port leads to a Unix socket of this machine.</summary>
    /// <param name="socket">Path of the socket.</param>
    /// <returns>The network, its port open.</returns>
    public static Task<IsolatedNetwork> NewIsolatedNetworkAsync(string socket) => GetAsync(() => IsolatedNetwork.CreateAsync(socket));

    private static Task<T> GetAsync<T>(Lazy<Task<T>> shared) => GetAsync(() => shared.Value);

    private static async Task<T> GetAsync<T>(Func<Task<T>> server)
    {
        try
        {
            return await server();
        }
        catch (ServerUnavailableException exception) when (Environment.GetEnvironmentVariable("OPSRUNBOOK_TESTS_REQUIRE_SERVERS") != "1")
        {
            Skip.If(true, exception.Message);
            throw;
        }
    }
}
