using OpsRunbook.Engine.Cache;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Cache;

public sealed class KeyRemoverTests
{
    [SkippableFact]
    public async Task A_pattern_is_counted_asked_for_removed_and_recorded()
    {
        await using var server = await Servers.NewRedisAsync();
        await using var cache = new TestCache(server);
        await cache.FillAsync(5000, i => new RedisCommand("SET", $"cache:{i}", new string('x', 100)));
        await cache.FillAsync(10, i => new RedisCommand("SET", $"sess:{i}", "x"));

        var removal = await cache.RemoveAsync(new KeyRemovalRequest { Pattern = "cache:*" }, "full");

        Assert.Equal((true, 5000L, 0L, 0L), (removal.Complete, removal.Removed, removal.Missing, removal.Unknown));
        Assert.InRange(removal.EstimatedBytes!.Value, 5000 * 100, 5000 * 400);
        Assert.Equal(10, await cache.SizeAsync());
        var question = Assert.Single(cache.Output.Questions);
        Assert.Contains("5000 keys, about", question.Action, StringComparison.Ordinal);
        Assert.Contains("'cache:", question.Action, StringComparison.Ordinal);
        Assert.Contains("database 0 of cache", question.Target, StringComparison.Ordinal);
        var ended = cache.Journal.Records[1];
        Assert.Equal((JournalOutcome.Succeeded, "5000", "5000"), (ended.Outcome!.Value, ended.Before["count"], ended.After["removed"]));
    }

    [SkippableFact]
    public async Task What_if_and_no_leave_everything_as_it_is()
    {
        await using var server = await Servers.NewRedisAsync();
        await server.ExecuteAsync("SET", "cache:1", "x");
        await using var cache = new TestCache(server) { Output = new RecordedOutput { IsWhatIf = true } };
        var plan = Assert.Single(await cache.RunAsync<OpsPlanStep>(target => new KeyRemover(target, new KeyRemovalRequest { Pattern = "*" }, cache.Changes(), cache.Output).RunAsync(CancellationToken.None)));
        Assert.Contains("1 key", plan.Detail, StringComparison.Ordinal);

        cache.Output = new RecordedOutput { Answer = _ => false };
        Assert.Empty(await cache.RunAsync<CacheRemoval>(target => new KeyRemover(target, new KeyRemovalRequest { Pattern = "*" }, cache.Changes(), cache.Output).RunAsync(CancellationToken.None)));
        Assert.Empty(cache.Journal.Records);
        Assert.Equal(1, await cache.SizeAsync());
    }

    [SkippableFact]
    public async Task Protected_keys_stay_unless_forced_or_left_out()
    {
        await using var server = await Servers.NewRedisAsync();
        await using var cache = new TestCache(server);
        cache.Definition.Protect = ["sess:*", "bull:*"];
        await cache.FillAsync(10, i => new RedisCommand("SET", $"sess:{i}", "x"));
        await cache.FillAsync(10, i => new RedisCommand("SET", $"cache:{i}", "x"));

        var refused = await Assert.ThrowsAsync<OpsException>(() => cache.RemoveAsync(new KeyRemovalRequest { Pattern = "*" }));
        Assert.Equal("Guard.ProtectedKey", refused.Id);
        Assert.Contains("10 of the 20 keys", refused.Message, StringComparison.Ordinal);
        var byKey = new KeyRemovalRequest { Keys = [ReviewedKey.From("sess:1", null, null)] };
        Assert.Equal("Guard.ProtectedKey", (await Assert.ThrowsAsync<OpsException>(() => cache.RemoveAsync(byKey))).Id);
        Assert.Equal(20, await cache.SizeAsync());

        Assert.Equal(10, (await cache.RemoveAsync(new KeyRemovalRequest { Pattern = "*", Exclude = ["sess:*"] })).Removed);
        Assert.Equal(10, await cache.SizeAsync());
        Assert.Equal(10, (await cache.RemoveAsync(new KeyRemovalRequest { Pattern = "*" }, "all sessions are to end", force: true)).Removed);
        Assert.Equal(["ProtectedKey"], cache.Journal.Records[^1].Overridden);
    }

    [SkippableTheory]
    [InlineData(16 << 20, 0)]
    [InlineData(100, 1)]
    public async Task A_protected_key_that_comes_after_the_question_stays(int memory, int kept)
    {
        await using var server = await Servers.NewRedisAsync();
        await using var cache = new TestCache(server);
        cache.Definition.Protect = ["sess:*"];
        await cache.FillAsync(100, i => new RedisCommand("SET", $"cache:{i}", "x"));
        cache.Output = new RecordedOutput
        {
            Answer = _ =>
            {
                server.ExecuteAsync("SET", "sess:new", "x").GetAwaiter().GetResult();
                return true;
            },
        };

        // In little memory the keys are looked for anew, and the newcomer with them.
        var removal = Assert.Single(await cache.RunAsync<CacheRemoval>(
            target => new KeyRemover(target, new KeyRemovalRequest { Pattern = "*" }, cache.Changes(), cache.Output) { MemoryForKeys = memory }.RunAsync(CancellationToken.None)));

        Assert.Equal((100, kept, kept == 0), (removal.Removed, removal.Kept, removal.Complete));
        Assert.Equal("sess:new", await server.ExecuteAsync("KEYS", "*"));
    }

    [SkippableFact]
    public async Task Keys_of_any_bytes_go_exactly_as_they_were_found()
    {
        await using var server = await Servers.NewRedisAsync();
        await using var cache = new TestCache(server);
        byte[][] odd = [[0xff, 0x00], "with space"u8.ToArray(), "quote\"'\\"u8.ToArray(), "line\r\nfeed"u8.ToArray(), "*"u8.ToArray(), "[a]"u8.ToArray(), []];
        await cache.FillAsync(odd.Length, i => new RedisCommand("SET", new RedisArgument(odd[i]), "x"));
        await cache.FillAsync(3, i => new RedisCommand("SET", $"stays:{i}", "x"));
        var found = (await cache.FindAsync(new KeyQuery())).Where(key => !key.Key.StartsWith("stays", StringComparison.Ordinal)).ToList();
        var keys = found.Select(key => ReviewedKey.From(key.Key, key.KeyBase64, key.Type)).ToList();

        var removal = await cache.RemoveAsync(new KeyRemovalRequest { Keys = [.. keys, keys[0], ReviewedKey.From("never was", null, null)] });

        Assert.Equal((7L, 1L), (removal.Removed, removal.Missing));
        Assert.Equal(3, await cache.SizeAsync());
    }

    [SkippableFact]
    public async Task A_key_that_is_something_else_now_stays()
    {
        await using var server = await Servers.NewRedisAsync();
        await server.ExecuteAsync("SET", "a", "x");
        await server.ExecuteAsync("SET", "b", "x");
        await using var cache = new TestCache(server);
        var removal = await cache.RemoveAsync(new KeyRemovalRequest { Keys = [ReviewedKey.From("a", null, "hash"), ReviewedKey.From("b", null, "string")] });
        Assert.Equal((1L, 1L, 0L, false), (removal.Removed, removal.Kept, removal.Missing, removal.Complete));
        Assert.Equal("Cache.KeyChanged", Assert.Single(cache.Output.Errors).Id);
        Assert.Equal("a", await server.ExecuteAsync("KEYS", "*"));
    }

    [SkippableFact]
    public async Task A_lost_reply_is_neither_a_success_nor_tried_again()
    {
        await using var server = await Servers.NewRedisAsync();
        await using var cache = new TestCache(server);
        const int Count = 20_000;
        await cache.FillAsync(Count, i => new RedisCommand("SET", $"cache:{i}", "x"));
        await using var proxy = new CuttingProxy(server.Port, "UNLINK", 20);
        cache.Definition.Port = proxy.Port;

        var first = await cache.RemoveAsync(new KeyRemovalRequest { Pattern = "cache:*" });

        var error = Assert.Single(cache.Output.Errors);
        Assert.Equal("Cache.RemovalIncomplete", error.Id);
        Assert.Equal(JournalOutcome.Unknown, cache.Journal.Records[^1].Outcome);
        cache.Definition.Port = server.Port;
        var left = await cache.SizeAsync();
        Assert.False(first.Complete);
        Assert.True(first.Unknown > 0);
        Assert.InRange(left, Count - first.Removed - first.Unknown, Count - first.Removed);

        var second = await cache.RemoveAsync(new KeyRemovalRequest { Pattern = "cache:*" });
        Assert.Equal((true, left), (second.Complete, second.Removed));
    }

    [SkippableFact]
    public async Task What_the_server_refuses_is_known_to_be_still_there()
    {
        await using var server = await Servers.NewRedisAsync(RedisKind.Acl);
        await server.ExecuteAsync("ACL", "SETUSER", server.LimitedUser!, "+scan", "+dbsize");
        await server.ExecuteAsync("SET", "app:1", "x");
        await using var cache = new TestCache(server, limited: true);
        var removal = await cache.RemoveAsync(new KeyRemovalRequest { Pattern = "app:*" });
        Assert.Equal((0L, 0L, false), (removal.Removed, removal.Unknown, removal.Complete));
        Assert.Contains("does not let this user run UNLINK", Assert.Single(cache.Output.Errors).Message, StringComparison.Ordinal);
        Assert.Equal(JournalOutcome.Failed, cache.Journal.Records[^1].Outcome);
    }

    [SkippableFact]
    public async Task A_replica_is_refused_with_its_master_named()
    {
        await using var master = await Servers.NewRedisAsync();
        await using var replica = await Servers.NewRedisReplicaAsync(master);
        await using var cache = new TestCache(replica);
        var refused = await Assert.ThrowsAsync<OpsException>(() => cache.RemoveAsync(new KeyRemovalRequest { Pattern = "*" }));
        Assert.Equal("Cache.ReadOnlyReplica", refused.Id);
        Assert.Contains($"127.0.0.1:{master.Port}", refused.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_cluster_is_cleaned_as_a_whole()
    {
        await using var cluster = await Servers.NewRedisClusterAsync();
        for (var i = 0; i < 60; i++)
        {
            await cluster.ExecuteAsync("SET", $"k{i}", "x");
        }

        await using var cache = new TestCache(cluster.Nodes[0]);
        Assert.Equal((2L, 0L), (await cache.RemoveAsync(new KeyRemovalRequest { Keys = [ReviewedKey.From("k1", null, "string"), ReviewedKey.From("k2", null, null)] })) is var some ? (some.Removed, some.Missing) : default);
        Assert.Equal(58, (await cache.RemoveAsync(new KeyRemovalRequest { Pattern = "k*" })).Removed);
        Assert.Empty(await cache.FindAsync(new KeyQuery()));
    }

    [SkippableFact]
    public async Task A_full_server_can_be_cleaned()
    {
        await using var server = await Servers.NewRedisAsync(RedisKind.Plain, "maxmemory 3mb", "maxmemory-policy noeviction");
        await using var cache = new TestCache(server);
        await using (var connection = await cache.ConnectAsync())
        {
            var full = await Assert.ThrowsAsync<OpsException>(async () =>
            {
                for (var i = 0; ; i++)
                {
                    await connection.ExecuteAsync(new RedisCommand("SET", $"cache:{i}", new string('x', 2000)), CancellationToken.None);
                }
            });
            Assert.Equal("Cache.OutOfMemory", full.Id);
        }

        Assert.NotEmpty(await cache.FindAsync(new KeyQuery { Largest = 3 }));
        Assert.True((await cache.RemoveAsync(new KeyRemovalRequest { Pattern = "cache:*" })).Complete);
        Assert.Equal("OK", await server.ExecuteAsync("SET", "a", "x"));
    }
}
