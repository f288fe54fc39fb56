using OpsRunbook.Engine.Cache;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Cache;

public sealed class CacheFlusherTests
{
    [SkippableFact]
    public async Task A_database_is_emptied_after_it_was_said_what_lives_there()
    {
        await using var server = await Servers.NewRedisAsync();
        await using var cache = new TestCache(server, database: 2);
        await cache.FillAsync(300, i => new RedisCommand("SET", $"sess:{i}", "x"));
        await cache.FillAsync(20, i => new RedisCommand("SET", $"bull:{i}", "x"));
        await server.ExecuteAsync("SET", "elsewhere", "x");

        var removal = Assert.Single(await FlushAsync(cache, new CacheFlushRequest()));

        Assert.Equal((true, 320L, 2, "database 2"), (removal.Complete, removal.Removed, removal.Database!.Value, removal.Target));
        Assert.Equal("Remove every key of database 2, 320 keys: sess:* (300 keys), bull:* (20 keys)", Assert.Single(cache.Output.Questions).Action);
        Assert.Equal(0, await cache.SizeAsync());
        Assert.Equal("elsewhere", await server.ExecuteAsync("KEYS", "*"));
        Assert.Equal("320", cache.Journal.Records[0].Before["count"]);
    }

    [SkippableFact]
    public async Task A_whole_server_asks_for_its_name_and_nothing_replaces_that()
    {
        await using var server = await Servers.NewRedisAsync();
        await using var cache = new TestCache(server);
        await server.ExecuteAsync("SET", "a", "x");
        foreach (var typed in new[] { null, "Cache", "other" })
        {
            var refused = await Assert.ThrowsAsync<OpsException>(() => FlushAsync(cache, new CacheFlushRequest { AllDatabases = true, TypedName = typed }, force: true));
            Assert.Equal("Cache.NameNotTyped", refused.Id);
        }

        Assert.Empty(cache.Output.Questions);
        Assert.Equal(1, Assert.Single(await FlushAsync(cache, new CacheFlushRequest { AllDatabases = true, TypedName = "cache" })).Removed);
        Assert.Contains("database 0 has a (1 keys)", Assert.Single(cache.Output.Questions).Action, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Protected_keys_are_found_wherever_they_are()
    {
        await using var server = await Servers.NewRedisAsync();
        await using var cache = new TestCache(server);
        cache.Definition.Protect = ["sess:*"];
        await cache.FillAsync(5000, i => new RedisCommand("SET", $"cache:{i}", "x"));
        await cache.FillAsync(1, _ => new RedisCommand("SET", "sess:only", "x"));
        var refused = await Assert.ThrowsAsync<OpsException>(() => FlushAsync(cache, new CacheFlushRequest()));
        Assert.Equal("Guard.ProtectedKey", refused.Id);
        Assert.Contains("1 of the 5001 keys", refused.Message, StringComparison.Ordinal);
        Assert.Equal(5001, await cache.SizeAsync());
        Assert.True(Assert.Single(await FlushAsync(cache, new CacheFlushRequest(), force: true)).Complete);
    }

    [SkippableFact]
    public async Task A_renamed_command_is_said_and_the_keys_can_be_removed_all_the_same()
    {
        await using var server = await Servers.NewRedisAsync(RedisKind.Plain, "rename-command FLUSHDB \"\"", "rename-command KEYS hidden");
        await using var cache = new TestCache(server);
        await cache.FillAsync(50, i => new RedisCommand("SET", $"cache:{i}", "x"));
        var refused = await Assert.ThrowsAsync<OpsException>(() => FlushAsync(cache, new CacheFlushRequest()));
        Assert.Equal("Cache.CommandUnknown", refused.Id);
        Assert.Contains("rename-command", refused.Message, StringComparison.Ordinal);
        Assert.Equal(JournalOutcome.Failed, cache.Journal.Records[^1].Outcome);
        Assert.Equal(0, Assert.Single(cache.Output.Items.OfType<CacheRemoval>()).Unknown);
        Assert.Equal(50, (await cache.RemoveAsync(new KeyRemovalRequest { Pattern = "*" })).Removed);
    }

    [SkippableFact]
    public async Task A_lost_reply_leaves_it_unknown()
    {
        await using var server = await Servers.NewRedisAsync();
        await using var cache = new TestCache(server);
        await cache.FillAsync(50, i => new RedisCommand("SET", $"cache:{i}", "x"));
        await using var proxy = new CuttingProxy(server.Port, "FLUSHDB", 0);
        cache.Definition.Port = proxy.Port;
        await Assert.ThrowsAsync<OpsException>(() => FlushAsync(cache, new CacheFlushRequest()));
        var removal = Assert.Single(cache.Output.Items.OfType<CacheRemoval>());
        Assert.Equal((0L, 50L, false), (removal.Removed, removal.Unknown, removal.Complete));
        Assert.Equal(JournalOutcome.Unknown, cache.Journal.Records[^1].Outcome);
    }

    private static Task<IReadOnlyList<CacheRemoval>> FlushAsync(TestCache cache, CacheFlushRequest request, bool force = false) =>
        cache.RunAsync<CacheRemoval>(target => new CacheFlusher(target, request, cache.Changes(force ? "it must be" : null, force), cache.Output).RunAsync(CancellationToken.None));
}
