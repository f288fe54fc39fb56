using OpsRunbook.Engine.Cache;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Cache;

/// <summary>What goes wrong on servers, seen by the commands that look and by those that change.</summary>
public sealed class CacheFaultTests
{
    private static readonly TimeSpan Sample = TimeSpan.FromMilliseconds(50);

    [SkippableFact]
    public async Task A_server_that_hides_its_commands_is_looked_at_and_cleaned_as_far_as_it_goes()
    {
        await using var server = await Servers.NewRedisAsync(
            RedisKind.Plain,
            "rename-command CONFIG \"\"",
            "rename-command KEYS \"\"",
            "rename-command FLUSHALL \"\"",
            "rename-command MEMORY hidden1",
            "rename-command MONITOR hidden2",
            "rename-command SLOWLOG hidden3");
        await using var cache = new TestCache(server);
        await cache.FillAsync(50, i => new RedisCommand("SET", $"cache:{i}", "x"));

        var status = Assert.Single(await cache.RunAsync<CacheStatus>(target => new CacheStatusReader(target, Sample, cache.Output).RunAsync(CancellationToken.None)));
        Assert.Equal((50L, null), (status.Keys!.Value, status.Persistence));
        Assert.Contains("not known", Assert.Single(status.Checks, check => check.Name == "persistence").Message, StringComparison.Ordinal);

        var keys = await cache.FindAsync(new KeyQuery());
        Assert.Equal(50, keys.Count);
        Assert.All(keys, key => Assert.Equal(("string", null), (key.Type, key.Bytes)));
        Assert.Contains("rename-command", Assert.Single(cache.Output.Warnings), StringComparison.Ordinal);
        await RefusesAsync("Cache.CommandUnknown", () => cache.FindAsync(new KeyQuery { Largest = 3 }));
        await RefusesAsync("Cache.CommandUnknown", () => cache.RunAsync<CacheSlowCommand>(target => new SlowLogReader(target, 10, cache.Output).RunAsync(CancellationToken.None)));
        await RefusesAsync("Cache.CommandUnknown", () => SetPolicyAsync(cache));
        await RefusesAsync("Cache.CommandUnknown", () => FlushAsync(cache, new CacheFlushRequest { AllDatabases = true, TypedName = "cache" }));
        Assert.Empty(await cache.RunAsync<CacheCommand>(target => new CommandWatch(target, Sample, 10, [], cache.Output).RunAsync(CancellationToken.None)));
        Assert.Equal("Cache.CommandUnknown", Assert.Single(cache.Output.Errors).Id);

        // Its size is not known, and it goes all the same.
        var removal = await cache.RemoveAsync(new KeyRemovalRequest { Pattern = "cache:*" });
        Assert.Equal((true, 50L, null), (removal.Complete, removal.Removed, removal.EstimatedBytes));
    }

    [SkippableFact]
    public async Task A_server_that_loads_refuses_everything_by_name()
    {
        await using var server = await Servers.NewRedisAsync(RedisKind.Plain, "key-load-delay 2000", "loading-process-events-interval-bytes 1024", "save 3600 1");
        await using var cache = new TestCache(server);
        await cache.FillAsync(10_000, i => new RedisCommand("SET", $"cache:{i}", new string('x', 100)));
        await server.ExecuteAsync("SAVE");
        await server.KillAsync();
        var starting = server.StartAsync();
        OpsException? refused = null;
        for (var tries = 0; refused?.Id != "Cache.Loading" && tries < 200; tries++)
        {
            await Task.Delay(20);
            refused = await Assert.ThrowsAsync<OpsException>(() => cache.RemoveAsync(new KeyRemovalRequest { Pattern = "cache:*" }));
        }

        Assert.Equal("Cache.Loading", refused!.Id);
        await RefusesAsync("Cache.Loading", () => FlushAsync(cache, new CacheFlushRequest()));
        Assert.Empty(cache.Journal.Records);
        await starting;
    }

    [SkippableFact]
    public async Task A_read_only_replica_is_neither_emptied_nor_cleaned()
    {
        await using var master = await Servers.NewRedisAsync();
        await master.ExecuteAsync("SET", "a", "x");
        await using var replica = await Servers.NewRedisReplicaAsync(master);
        await using var cache = new TestCache(replica);
        await RefusesAsync("Cache.ReadOnlyReplica", () => FlushAsync(cache, new CacheFlushRequest()));
        await RefusesAsync("Cache.ReadOnlyReplica", () => cache.RemoveAsync(new KeyRemovalRequest { Keys = [ReviewedKey.From("a", null, null)] }));
        Assert.Equal("1", await master.ExecuteAsync("DBSIZE"));
    }

    [SkippableFact]
    public async Task A_connection_that_is_reset_leaves_parts_that_say_so_and_removes_nothing_twice()
    {
        await using var server = await Servers.NewRedisAsync();
        await using var cache = new TestCache(server);
        const int Count = 5000;
        await cache.FillAsync(Count, i => new RedisCommand("SET", $"cache:{i}", "x"));
        await using (var proxy = new CuttingProxy(server.Port, "SCAN", 3) { Resets = true })
        {
            cache.Definition.Port = proxy.Port;
            Assert.All(await cache.FindAsync(new KeyQuery { Largest = 10 }), key => Assert.False(key.Complete));
            Assert.Equal("Cache.ScanIncomplete", Assert.Single(cache.Output.Errors).Id);
        }

        await using (var proxy = new CuttingProxy(server.Port, "UNLINK", 5) { Resets = true })
        {
            cache.Definition.Port = proxy.Port;
            var removal = await cache.RemoveAsync(new KeyRemovalRequest { Pattern = "cache:*" });
            Assert.Equal("Cache.RemovalIncomplete", Assert.Single(cache.Output.Errors).Id);
            Assert.True(removal is { Complete: false, Removed: > 0, Unknown: > 0 });
            cache.Definition.Port = server.Port;
            Assert.InRange(await cache.SizeAsync(), Count - removal.Removed - removal.Unknown, Count - removal.Removed);
        }
    }

    [SkippableFact]
    public async Task A_server_that_is_killed_while_keys_are_removed_is_said_with_what_went()
    {
        await using var server = await Servers.NewRedisAsync();
        await using var cache = new TestCache(server);
        await cache.FillAsync(20_000, i => new RedisCommand("SET", $"cache:{i}", "x"));
        cache.Output = new RecordedOutput
        {
            Answer = _ =>
            {
                server.KillAsync().GetAwaiter().GetResult();
                return true;
            },
        };
        var removal = Assert.Single(await cache.RunAsync<CacheRemoval>(
            target => new KeyRemover(target, new KeyRemovalRequest { Pattern = "*" }, cache.Changes(), cache.Output).RunAsync(CancellationToken.None)));
        Assert.Equal((false, 0L), (removal.Complete, removal.Removed));
        Assert.Equal("Cache.RemovalIncomplete", Assert.Single(cache.Output.Errors).Id);
        Assert.NotEqual(JournalOutcome.Succeeded, cache.Journal.Records[^1].Outcome);
    }

    [SkippableFact]
    public async Task Nothing_that_blocks_a_server_is_used()
    {
        await using var server = await Servers.NewRedisAsync(RedisKind.Plain, "slowlog-log-slower-than 0", "slowlog-max-len 100000");
        await using var cache = new TestCache(server, database: 1);
        await cache.FillAsync(1000, i => new RedisCommand("SET", $"cache:{i}", "x"));
        await cache.FillAsync(1000, i => new RedisCommand("SET", $"sess:{i}", "x"));
        await server.ExecuteAsync("CONFIG", "RESETSTAT");

        await cache.FindAsync(new KeyQuery());
        await cache.FindAsync(new KeyQuery { Largest = 5 });
        await cache.RemoveAsync(new KeyRemovalRequest { Pattern = "cache:*" });
        await FlushAsync(cache, new CacheFlushRequest());

        var used = await server.ExecuteAsync("INFO", "commandstats");
        foreach (var command in new[] { "keys", "del", "flushall", "sort", "smembers", "hgetall", "monitor" })
        {
            Assert.DoesNotContain($"cmdstat_{command}:", used, StringComparison.Ordinal);
        }

        Assert.Matches(@"cmdstat_unlink:calls=\d{2},", used);
        Assert.Matches("FLUSHDB\\s+ASYNC", await server.ExecuteAsync("SLOWLOG", "GET", "-1"));
    }

    private static async Task RefusesAsync(string id, Func<Task> call) => Assert.Equal(id, (await Assert.ThrowsAsync<OpsException>(call)).Id);

    private static Task<IReadOnlyList<CacheRemoval>> FlushAsync(TestCache cache, CacheFlushRequest request) =>
        cache.RunAsync<CacheRemoval>(target => new CacheFlusher(target, request, cache.Changes(), cache.Output).RunAsync(CancellationToken.None));

    private static Task<IReadOnlyList<CachePolicyChange>> SetPolicyAsync(TestCache cache) =>
        cache.RunAsync<CachePolicyChange>(target => new PolicySetter(target, new PolicyRequest("allkeys-lru", null, Persist: false), cache.Changes(), cache.Output).RunAsync(CancellationToken.None));
}
