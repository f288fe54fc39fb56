using System.Diagnostics;
using System.Text;
using System.Text.Json;
using OpsRunbook.Engine.Cache;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Cache;

public sealed class CacheToolTests
{
    private const string Secret = "hunter2-Secret";

    [Theory]
    [InlineData("GET|user:1", "GET user:1")]
    [InlineData("set|user:1|hunter2-Secret", "SET user:1 ***")]
    [InlineData("MSET|a|hunter2-Secret|b|hunter2-Secret", "MSET a *** b ***")]
    [InlineData("AUTH|hunter2-Secret", "AUTH ***")]
    [InlineData("HELLO|3|AUTH|default|hunter2-Secret", "HELLO ***")]
    [InlineData("CONFIG|SET|requirepass|hunter2-Secret", "CONFIG SET ***")]
    [InlineData("CONFIG|GET|requirepass", "CONFIG GET requirepass")]
    [InlineData("ACL|SETUSER|app|>hunter2-Secret", "ACL SETUSER ***")]
    [InlineData("EVAL|return 'hunter2-Secret'|0", "EVAL ***")]
    [InlineData("PUBLISH|news|hunter2-Secret", "PUBLISH news ***")]
    [InlineData("MIGRATE|host|6379||0|10|AUTH|hunter2-Secret", "MIGRATE ***")]
    [InlineData("MODULE.NEW|hunter2-Secret", "MODULE.NEW ***")]
    [InlineData("KEYS|a b*", "KEYS \"a b*\"")]
    public void A_command_is_shown_without_what_it_carries(string command, string shown) =>
        Assert.Equal(shown, CommandText.Show([.. command.Split('|').Select(part => (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(part))]));

    [Theory]
    [InlineData("1339518083.107412 [0 127.0.0.1:60866] \"keys\" \"*\"", "127.0.0.1:60866", "KEYS *")]
    [InlineData("1339518083.107412 [15 [::1]:60866] \"get\" \"a]\\x01\\\" \\\\b\"", "[::1]:60866", "GET \"a]\u0001\\\" \\\\b\"")]
    [InlineData("1339518083.107412 [0 lua] \"get\" \"a\"", "lua", "GET a")]
    [InlineData("OK", null, null)]
    public void A_line_of_the_monitor_is_read(string line, string? client, string? command)
    {
        var read = MonitorLine.Parse(Encoding.UTF8.GetBytes(line));
        Assert.Equal(client, read?.Client);
        Assert.Equal(command, read is null ? null : CommandText.Show(read.Arguments));
        Assert.True(read is null || read.Time == new DateTime(2012, 6, 12, 16, 21, 23, DateTimeKind.Utc).AddTicks(1_074_120));
    }

    [SkippableFact]
    public async Task The_slow_log_has_keys_and_no_values()
    {
        await using var server = await Servers.NewRedisAsync(RedisKind.Plain, "slowlog-log-slower-than 0");
        await using var cache = new TestCache(server);
        await server.ExecuteAsync("SET", "user:1", Secret);
        await server.ExecuteAsync("CONFIG", "SET", "masterauth", Secret);
        await server.ExecuteAsync("KEYS", "user:*");

        var log = await cache.RunAsync<CacheSlowCommand>(target => new SlowLogReader(target, 50, cache.Output).RunAsync(CancellationToken.None));

        Assert.Contains(log, entry => entry is { Command: "SET user:1 ***" });
        var keys = Assert.Single(log, entry => entry.Command == "KEYS user:*");
        Assert.StartsWith("127.0.0.1:", keys.Client, StringComparison.Ordinal);
        Assert.Equal(log.Select(entry => entry.Id).OrderDescending(), log.Select(entry => entry.Id));
        Assert.DoesNotContain(Secret, JsonSerializer.Serialize(log), StringComparison.Ordinal);
        Assert.DoesNotContain(server.Password, JsonSerializer.Serialize(log), StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Commands_are_watched_for_a_time_or_a_number_and_without_secrets()
    {
        await using var server = await Servers.NewRedisAsync();
        await using var cache = new TestCache(server);
        await using var connection = await cache.ConnectAsync();
        using var stop = new CancellationTokenSource();
        var busy = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                await connection.PipelineAsync(
                    [new RedisCommand("SET", "user:1", Secret), new RedisCommand("AUTH", server.Password), new RedisCommand("CONFIG", "SET", "masterauth", Secret), new RedisCommand("SET", "long", new string('v', 200_000))],
                    CancellationToken.None);
                await Task.Delay(5);
            }
        });

        var few = await cache.RunAsync<CacheCommand>(target => new CommandWatch(target, TimeSpan.FromSeconds(20), 25, [], cache.Output).RunAsync(CancellationToken.None));
        Assert.Equal(25, few.Count);
        Assert.Contains(few, command => command.Command == "SET user:1 ***");
        Assert.DoesNotContain(Secret, JsonSerializer.Serialize(few), StringComparison.Ordinal);
        Assert.DoesNotContain(server.Password, JsonSerializer.Serialize(few), StringComparison.Ordinal);
        Assert.Contains(cache.Output.Warnings, warning => warning.Contains("half its work", StringComparison.Ordinal));

        var watch = Stopwatch.StartNew();
        var some = await cache.RunAsync<CacheCommand>(target => new CommandWatch(target, TimeSpan.FromMilliseconds(300), 1_000_000, ["s?t"], cache.Output).RunAsync(CancellationToken.None));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(10));
        Assert.NotEmpty(some);
        Assert.All(some, command => Assert.Equal("SET", command.Name));
        await stop.CancelAsync();
        await busy;

        // Nobody watches any more.
        Assert.DoesNotContain("cmd=monitor", await server.ExecuteAsync("CLIENT", "LIST"), StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Every_master_of_a_cluster_is_watched_and_one_that_is_lost_does_not_end_the_others()
    {
        await using var cluster = await Servers.NewRedisClusterAsync();
        await using var cache = new TestCache(cluster.Nodes[0]);
        using var stop = new CancellationTokenSource();
        var busy = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                foreach (var node in cluster.Nodes.Take(2))
                {
                    await node.ExecuteAsync("ECHO", "here");
                }
            }
        });

        cache.Output = new RecordedOutput();
        var watching = new CommandWatch(cache.Target, TimeSpan.FromSeconds(4), 100_000, ["ECHO"], cache.Output).RunAsync(CancellationToken.None);
        await Task.Delay(1000);
        await cluster.Nodes[2].KillAsync();
        await watching;
        await stop.CancelAsync();
        await busy;

        var seen = cache.Output.Items.OfType<CacheCommand>().ToList();
        foreach (var node in cluster.Nodes.Take(2).Select(node => $"127.0.0.1:{node.Port}"))
        {
            Assert.Contains(seen, command => command.Node == node && command.Command == "ECHO ***");
        }

        Assert.All(cluster.Nodes, node => Assert.Contains($"127.0.0.1:{node.Port}", Assert.Single(cache.Output.Warnings), StringComparison.Ordinal));
        Assert.Equal("Cache.ConnectionLost", Assert.Single(cache.Output.Errors).Id);
    }

    [SkippableFact]
    public async Task Latency_has_percentiles_in_order_and_a_histogram_of_all_samples()
    {
        await using var cache = new TestCache(await Servers.RedisAsync());
        var latency = Assert.Single(await cache.RunAsync<CacheLatency>(
            target => new LatencyMeter(target, TimeSpan.FromMilliseconds(300), TimeSpan.FromMilliseconds(2), cache.Output).RunAsync(CancellationToken.None)));
        Assert.True(latency.Complete);
        Assert.Equal(latency.Samples, latency.Histogram.Sum(bucket => bucket.Count));
        TimeSpan[] ordered = [latency.Minimum, latency.Median, latency.P90, latency.P99, latency.Maximum];
        Assert.Equal(ordered.Order(), ordered);
        Assert.True(latency.Maximum <= latency.Histogram[^1].UpTo && latency.Minimum <= latency.Histogram[0].UpTo);
        Assert.NotEqual(0, latency.Histogram[0].Count);
    }

    [Theory]
    [InlineData(1, 50, 1)]
    [InlineData(100, 99, 99)]
    [InlineData(100, 100, 100)]
    [InlineData(10, 50, 5)]
    public void Percentiles_are_by_the_nearest_rank(int count, double percent, int expected) =>
        Assert.Equal(TimeSpan.FromTicks(expected), Percentiles.Of([.. Enumerable.Range(1, count).Select(value => TimeSpan.FromTicks(value))], percent));

    [SkippableFact]
    public async Task A_client_is_listed_and_stopped_only_when_it_is_still_the_same()
    {
        await using var server = await Servers.NewRedisAsync();
        await using var replica = await Servers.NewRedisReplicaAsync(server);
        await using var cache = new TestCache(server);
        await using var victim = await cache.ConnectAsync();
        await victim.ExecuteAsync(new RedisCommand("CLIENT", "SETNAME", "victim"), CancellationToken.None);
        var clients = await ListAsync(cache);
        var seen = Assert.Single(clients, client => client.ClientName == "victim");
        Assert.Equal(("normal", "client|setname"), (seen.Type, seen.Command));
        Assert.NotNull(seen.ServerRun);

        await StopAsync(cache, new SeenClient(seen.Id, "127.0.0.1:1", seen.Node, seen.ServerRun));
        Assert.Equal("Cache.ClientGone", Assert.Single(cache.Output.Errors).Id);
        await StopAsync(cache, new SeenClient(seen.Id, seen.Address, seen.Node, "another run"));
        Assert.Equal("Cache.ClientGone", Assert.Single(cache.Output.Errors).Id);
        var link = Assert.Single(clients, client => client.Type == "replica");
        await StopAsync(cache, new SeenClient(link.Id, link.Address, link.Node, link.ServerRun));
        Assert.Equal("Guard.ReplicationLink", Assert.Single(cache.Output.Errors).Id);
        Assert.Empty(cache.Journal.Records);

        await StopAsync(cache, new SeenClient(seen.Id, seen.Address, seen.Node, seen.ServerRun));
        Assert.Empty(cache.Output.Errors);
        Assert.Equal("Cache.ConnectionLost", (await Assert.ThrowsAsync<OpsException>(() => victim.ExecuteAsync(new RedisCommand("PING"), CancellationToken.None))).Id);
        Assert.DoesNotContain(await ListAsync(cache), client => client.Id == seen.Id);
        Assert.Equal(JournalOutcome.Succeeded, cache.Journal.Records[^1].Outcome);
    }

    [SkippableFact]
    public async Task A_policy_is_set_with_its_way_back_and_survives_only_when_written()
    {
        await using var server = await Servers.NewRedisAsync();
        await using var cache = new TestCache(server);
        cache.Definition.Protect = ["sess:*"];

        var change = await SetAsync(cache, new PolicyRequest("allkeys-lru", 200L << 20, Persist: false));
        Assert.Equal(("allkeys-lru", "noeviction", 200L << 20, 0L, false), (change.Policy, change.OldPolicy, change.MaxMemory, change.OldMaxMemory, change.SurvivesRestart));
        Assert.Equal("Set-CachePolicy 'cache' -Policy noeviction -MaxMemory 0", change.Undo);
        Assert.Contains(cache.Output.Warnings, warning => warning.Contains("sess:* included", StringComparison.Ordinal));
        Assert.Contains(cache.Output.Warnings, warning => warning.Contains("is lost when", StringComparison.Ordinal));
        Assert.Equal("noeviction", cache.Journal.Records[0].Before["maxmemory-policy"]);
        await server.StopAsync();
        await server.StartAsync();
        Assert.Contains("noeviction", await server.ExecuteAsync("CONFIG", "GET", "maxmemory-policy"), StringComparison.Ordinal);

        Assert.True((await SetAsync(cache, new PolicyRequest("volatile-ttl", 300L << 20, Persist: true))).SurvivesRestart);
        await server.StopAsync();
        await server.StartAsync();
        Assert.Contains("volatile-ttl", await server.ExecuteAsync("CONFIG", "GET", "maxmemory-policy"), StringComparison.Ordinal);

        await SetAsync(cache, new PolicyRequest("allkeys-lfu", 0, Persist: false));
        Assert.Contains(cache.Output.Warnings, warning => warning.Contains("does nothing", StringComparison.Ordinal));
        Assert.Equal("Guard.MemoryBelowUse", (await Assert.ThrowsAsync<OpsException>(() => SetAsync(cache, new PolicyRequest(null, 1000, Persist: false)))).Id);
    }

    private static Task<IReadOnlyList<CacheClient>> ListAsync(TestCache cache) => cache.RunAsync<CacheClient>(async target =>
    {
        await using var server = await target.OpenAsync(CancellationToken.None);
        foreach (var client in await ClientList.ReadAsync(server, null, CancellationToken.None))
        {
            await cache.Output.WriteAsync(client, CancellationToken.None);
        }
    });

    private static Task<IReadOnlyList<object>> StopAsync(TestCache cache, SeenClient client) =>
        cache.RunAsync<object>(target => new ClientStopper(target, cache.Changes(), cache.Output).RunAsync([client], CancellationToken.None));

    private static async Task<CachePolicyChange> SetAsync(TestCache cache, PolicyRequest request) =>
        Assert.Single(await cache.RunAsync<CachePolicyChange>(target => new PolicySetter(target, request, cache.Changes(), cache.Output).RunAsync(CancellationToken.None)));
}
