using OpsRunbook.Engine.Cache;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Cache;

public sealed class CacheStatusTests
{
    [SkippableTheory]
    [InlineData(RedisKind.Plain)]
    [InlineData(RedisKind.Tls)]
    [InlineData(RedisKind.Acl)]
    public async Task A_server_without_limits_has_every_reading(RedisKind kind)
    {
        await using var server = await Servers.NewRedisAsync(kind);
        await using var cache = new TestCache(server);
        var status = await ReadAsync(cache);
        Assert.Equal((0L, null, "noeviction", "master", "none"), (status.MaxMemory, status.MemoryPercent, status.Policy, status.Role, status.Persistence));
        Assert.Contains("maxmemory is 0", Check(status, "memory").Message, StringComparison.Ordinal);
        Assert.Equal(status.Checks.Select(check => check.Status).Aggregate(HealthStatuses.Worst), status.Status);
        Assert.NotNull(status.Latency);
        Assert.NotNull(status.LastSave);
    }

    [SkippableFact]
    public async Task Memory_and_policy_are_judged_by_the_stack()
    {
        await using var server = await Servers.NewRedisAsync(RedisKind.Plain, "maxmemory 100mb", "maxmemory-policy allkeys-lru", "appendonly yes");
        await using var cache = new TestCache(server);
        Assert.Equal(HealthStatus.Healthy, (await ReadAsync(cache)).Status);

        cache.Definition.Protect = ["sess:*"];
        var status = await ReadAsync(cache);
        var policy = Check(status, "policy");
        Assert.Equal((HealthStatus.Warning, "Cache.EvictsProtected"), (policy.Status, policy.Reason));
        Assert.Contains("sess:* included", policy.Message, StringComparison.Ordinal);
        Assert.Equal("append-only file", status.Persistence);
        Assert.InRange(status.MemoryPercent!.Value, 0.1, 50);

        cache.Target.Thresholds.CacheMemory = new Threshold(0.001, 0.01);
        Assert.Equal((HealthStatus.Critical, "Cache.MemoryHigh"), Check(await ReadAsync(cache), "memory") is var memory ? (memory.Status, memory.Reason) : default);
    }

    [SkippableFact]
    public async Task Hits_and_evictions_are_of_the_sample_and_not_of_the_past()
    {
        await using var server = await Servers.NewRedisAsync(RedisKind.Plain, "maxmemory 3mb", "maxmemory-policy allkeys-lru");
        await using var cache = new TestCache(server);
        for (var i = 0; i < 30; i++)
        {
            await server.ExecuteAsync("GET", "missing");
        }

        var quiet = await ReadAsync(cache);
        Assert.Null(quiet.HitPercent);
        Assert.Equal(0, quiet.HitPercentSinceStart);

        await server.ExecuteAsync("SET", "hot", "x");
        await using var connection = await cache.ConnectAsync();
        using var stop = new CancellationTokenSource();
        var busy = Task.Run(async () =>
        {
            for (var i = 0; !stop.IsCancellationRequested; i++)
            {
                await connection.PipelineAsync(
                    [new RedisCommand("SET", "hot", "x"), new RedisCommand("GET", "hot"), new RedisCommand("SET", $"cold:{i}", new string('x', 10_000))], CancellationToken.None);
            }
        });
        await Task.Delay(500);
        var status = await ReadAsync(cache);
        await stop.CancelAsync();
        await busy;

        Assert.Equal(100, status.HitPercent);
        Assert.True(status.HitPercentSinceStart < 100);
        Assert.True(status.EvictionsPerSecond > 0);
        Assert.True(status.CommandsPerSecond > 0);
        Assert.Equal("Cache.Evicting", Check(status, "evictions").Reason);
    }

    [SkippableFact]
    public async Task A_server_that_refuses_writes_is_critical()
    {
        await using var server = await Servers.NewRedisAsync();
        await server.ExecuteAsync("CONFIG", "SET", "maxmemory", "1");
        await using var cache = new TestCache(server);
        var status = await ReadAsync(cache);
        Assert.Equal((HealthStatus.Critical, "Cache.OutOfMemory"), (status.Status, Check(status, "memory").Reason));
        Assert.Contains("refuses writes", status.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task What_may_not_be_read_is_unknown_and_the_rest_is_there()
    {
        await using var server = await Servers.NewRedisAsync(RedisKind.Acl);
        await using var cache = new TestCache(server, limited: true);
        var status = await ReadAsync(cache);
        Assert.Equal((HealthStatus.Unknown, null), (status.Status, status.UsedMemory));
        Assert.NotNull(status.Latency);
        Assert.Equal("Cache.NoPermission", Check(status, "info").Reason);

        await server.ExecuteAsync("ACL", "SETUSER", server.LimitedUser!, "+info");
        status = await ReadAsync(cache);
        Assert.NotNull(status.UsedMemory);
        Assert.Null(status.Persistence);
        Assert.Contains("CONFIG GET", Check(status, "persistence").Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Replication_is_told_from_both_ends()
    {
        await using var master = await Servers.NewRedisAsync();
        await using var replica = await Servers.NewRedisReplicaAsync(master);
        await using var one = new TestCache(master);
        await using var other = new TestCache(replica);
        Assert.Equal(1, (await ReadAsync(one)).Replicas);
        var status = await ReadAsync(other);
        Assert.Equal(("replica", $"127.0.0.1:{master.Port}"), (status.Role, status.Master));

        await master.KillAsync();
        for (var tries = 0; Check(status, "replication").Reason is null && tries < 100; tries++)
        {
            status = await ReadAsync(other);
        }

        Assert.Equal("Cache.MasterDown", Check(status, "replication").Reason);
    }

    [SkippableFact]
    public async Task Each_node_of_a_cluster_has_a_status()
    {
        await using var cluster = await Servers.NewRedisClusterAsync();
        await using var cache = new TestCache(cluster.Nodes[0]);
        var statuses = await cache.RunAsync<CacheStatus>(target => Reader(cache, target).RunAsync(CancellationToken.None));
        Assert.Equal(3, statuses.Select(status => status.Node).Distinct(StringComparer.Ordinal).Count());
        Assert.All(statuses, status => Assert.Equal(HealthStatus.Healthy, Check(status, "cluster").Status));
    }

    [SkippableFact]
    public async Task A_server_that_loads_or_is_gone_has_a_status_too()
    {
        await using var server = await Servers.NewRedisAsync(RedisKind.Plain, "enable-debug-command local", "key-load-delay 2000", "loading-process-events-interval-bytes 1024", "save 3600 1");
        await using var cache = new TestCache(server);
        await cache.FillAsync(5000, i => new RedisCommand("SET", $"cache:{i}", new string('x', 100)));
        await server.ExecuteAsync("SAVE");
        await server.KillAsync();
        var gone = await ReadAsync(cache);
        Assert.Equal((HealthStatus.Critical, "Cache.PortClosed"), (gone.Status, Assert.Single(gone.Checks).Reason));

        var starting = server.StartAsync();
        var loading = gone;
        for (var tries = 0; loading.Checks.All(check => check.Reason != "Cache.Loading") && tries < 100; tries++)
        {
            await Task.Delay(20);
            loading = await ReadAsync(cache);
        }

        Assert.Equal((HealthStatus.Critical, "Cache.Loading"), (loading.Status, loading.Checks.First(check => check.Status == HealthStatus.Critical).Reason));
        Assert.Equal("Cache.Loading", (await Assert.ThrowsAsync<OpsException>(() => cache.FindAsync(new KeyQuery()))).Id);
        await starting;
    }

    private static CacheStatusReader Reader(TestCache cache, CacheTarget target) => new(target, TimeSpan.FromMilliseconds(200), cache.Output);

    private static async Task<CacheStatus> ReadAsync(TestCache cache) =>
        Assert.Single(await cache.RunAsync<CacheStatus>(target => Reader(cache, target).RunAsync(CancellationToken.None)));

    private static CheckResult Check(CacheStatus status, string name) => Assert.Single(status.Checks, check => check.Name == name);
}
