using System.Net.Sockets;
using System.Text;
using OpsRunbook.Engine.Cache;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Cache;

public sealed class KeyFinderTests
{
    private static readonly byte[] Binary = [0xff, (byte)'\n', 0x00, (byte)'"', 0xfe];

    [SkippableTheory]
    [InlineData(RedisKind.Plain)]
    [InlineData(RedisKind.Tls)]
    [InlineData(RedisKind.Acl)]
    public async Task Every_key_is_listed_with_what_there_is_to_know(RedisKind kind)
    {
        await using var server = await Servers.NewRedisAsync(kind);
        await using var cache = new TestCache(server);
        await using (var connection = await cache.ConnectAsync())
        {
            await connection.PipelineAsync(
                [
                    new RedisCommand("SET", "a key with 'quotes'\nand lines", "v", "EX", 100),
                    new RedisCommand("SET", new RedisArgument(Binary), "v"),
                    new RedisCommand("HSET", "hash", "a", 1, "b", 2),
                    new RedisCommand("RPUSH", "list", 1, 2, 3),
                    new RedisCommand("SADD", "set", 1),
                    new RedisCommand("ZADD", "zset", 1, "a"),
                    new RedisCommand("XADD", "stream", "*", "f", "v"),
                ],
                CancellationToken.None);
        }

        var keys = (await cache.FindAsync(new KeyQuery())).ToDictionary(key => key.Key, StringComparer.Ordinal);

        Assert.Empty(cache.Output.Errors);
        Assert.Equal(7, keys.Count);
        Assert.All(keys.Values, key => Assert.True(key.Bytes > 0 && key.Idle < TimeSpan.FromMinutes(1) && key.Complete && key.Cache == "cache"));
        var odd = keys["a key with 'quotes'\nand lines"];
        Assert.InRange(odd.TimeToLive!.Value, TimeSpan.FromSeconds(50), TimeSpan.FromSeconds(100));
        Assert.Null(odd.KeyBase64);
        Assert.Equal(Binary, Convert.FromBase64String(Assert.Single(keys.Values, key => key.KeyBase64 is not null).KeyBase64!));
        Assert.Equal(("hash", 2L), (keys["hash"].Type, keys["hash"].Elements!.Value));
        Assert.Equal(("list", 3L), (keys["list"].Type, keys["list"].Elements!.Value));
        Assert.Equal(("stream", 1L), (keys["stream"].Type, keys["stream"].Elements!.Value));
        Assert.Null(keys["hash"].TimeToLive);
        Assert.Equal("zset", Assert.Single(await cache.FindAsync(new KeyQuery { Type = "zset" })).Key);
        Assert.Equal(2, (await cache.FindAsync(new KeyQuery { Pattern = "?ist" })).Concat(await cache.FindAsync(new KeyQuery { Pattern = "ha[s]h" })).Count());
        Assert.Equal(6, (await cache.FindAsync(new KeyQuery { NoExpiry = true })).Count);
        Assert.Empty(await cache.FindAsync(new KeyQuery { IdleFor = TimeSpan.FromHours(1) }));
    }

    [SkippableFact]
    public async Task The_largest_come_first_and_are_the_largest()
    {
        await using var server = await Servers.NewRedisAsync();
        await using var cache = new TestCache(server);
        await cache.FillAsync(20_000, i => new RedisCommand("SET", $"cache:{i}", new string('x', i % 100)));
        await cache.FillAsync(10, i => new RedisCommand("SET", $"big:{i}", new string('x', 2000 << i)));

        var largest = await cache.FindAsync(new KeyQuery { Largest = 5 });

        Assert.Equal(["big:9", "big:8", "big:7", "big:6", "big:5"], largest.Select(key => key.Key));
        Assert.Equal(largest.Select(key => key.Bytes).OrderDescending(), largest.Select(key => key.Bytes));
        Assert.All(largest, key => Assert.Equal("string", key.Type));
        Assert.Equal(10, (await cache.FindAsync(new KeyQuery { MinSize = 1500 })).Count);
        Assert.Equal(20_010, (await cache.FindAsync(new KeyQuery())).Select(key => key.Key).Distinct(StringComparer.Ordinal).Count());
        Assert.NotEmpty(cache.Output.ProgressLines);
    }

    [SkippableFact]
    public async Task Families_add_up()
    {
        await using var server = await Servers.NewRedisAsync();
        await using var cache = new TestCache(server);
        await cache.FillAsync(3000, i => new RedisCommand("SET", $"sess:{i}", "x", "EX", 1000));
        await cache.FillAsync(100, i => new RedisCommand("SET", $"q*:{i}", new string('x', 5000)));
        await cache.FillAsync(10, i => new RedisCommand("SET", $"user{i}", "x"));
        await cache.FillAsync(1, _ => new RedisCommand("SET", "config", "x"));

        var families = await cache.RunAsync<CacheKeyGroup>(target => new KeyFinder(target, new KeyQuery { ByPrefix = true }, cache.Output).RunAsync(CancellationToken.None));

        Assert.Equal([("q\\*:*", 100L, 100L), ("sess:*", 3000, 0), ("user*", 10, 10), ("config", 1, 1)], families.Select(family => (family.Prefix, family.Keys, family.NoExpiry!.Value)));
        Assert.Equal(100, families.Sum(family => family.Percent!.Value), 3);
        Assert.StartsWith("q*:", families[0].LargestKey, StringComparison.Ordinal);

        // The prefix is a pattern that finds its own keys and no others.
        Assert.Equal(100, (await cache.FindAsync(new KeyQuery { Pattern = families[0].Prefix })).Count);
    }

    [Theory]
    [InlineData(null, "cache:product:1", "cache:*")]
    [InlineData("*:1", "cache:product:1", "cache:*")]
    [InlineData("cache:*", "cache:product:1", "cache:product:*")]
    [InlineData("cache:*", "cache:1", "cache:*")]
    [InlineData("cache:*", "cache:config", "cache:config")]
    [InlineData("cach*", "cache:product:1", "cache:*")]
    [InlineData("cache:1", "cache:1", "cache:1")]
    [InlineData("ñ:[ab]:*", "ñ:a:1", "ñ:a:*")]
    public void A_family_within_a_pattern_is_told_by_what_comes_after_it(string? pattern, string key, string family) =>
        Assert.Equal(family, new KeyFamilies(":", pattern).PatternOf(Encoding.UTF8.GetBytes(key)));

    [SkippableFact]
    public async Task Looking_does_not_make_a_key_used()
    {
        await using var server = await Servers.NewRedisAsync();
        await using var cache = new TestCache(server);
        await using var connection = await cache.ConnectAsync();
        await connection.ExecuteAsync(new RedisCommand("HSET", "old", "f", "v"), CancellationToken.None);
        await connection.ExecuteAsync(new RedisCommand("RESTORE", "ancient", 0, new RedisArgument((await connection.ExecuteAsync(new RedisCommand("DUMP", "old"), CancellationToken.None)).Bytes), "IDLETIME", 5000), CancellationToken.None);

        var before = Assert.Single(await cache.FindAsync(new KeyQuery { Pattern = "ancient" }));
        var after = Assert.Single(await cache.FindAsync(new KeyQuery { IdleFor = TimeSpan.FromHours(1) }));

        Assert.True(before.Idle >= TimeSpan.FromSeconds(5000));
        Assert.Equal(("ancient", null), (after.Key, after.Elements));
    }

    [SkippableFact]
    public async Task What_may_not_be_read_stays_unknown_and_is_said()
    {
        await using var server = await Servers.NewRedisAsync(RedisKind.Acl);
        await server.ExecuteAsync("ACL", "SETUSER", server.LimitedUser!, "+scan", "+dbsize", "+type", "+pttl");
        await server.ExecuteAsync("SET", "app:1", "x");
        await server.ExecuteAsync("SET", "other:1", "x");
        await using var cache = new TestCache(server, limited: true);

        var keys = (await cache.FindAsync(new KeyQuery())).ToDictionary(key => key.Key, StringComparer.Ordinal);
        Assert.Equal(("string", null), (keys["app:1"].Type, keys["app:1"].Bytes));
        Assert.Null(keys["other:1"].Type);
        Assert.Contains(cache.Output.Warnings, warning => warning.Contains("MEMORY USAGE", StringComparison.Ordinal));
        Assert.Contains(cache.Output.Warnings, warning => warning.Contains("1 keys of cache are known by name only", StringComparison.Ordinal));

        // Nobody can rank what nobody may measure.
        var refused = await Assert.ThrowsAsync<OpsException>(() => cache.FindAsync(new KeyQuery { Largest = 3 }));
        Assert.Equal("Cache.NoPermission", refused.Id);
    }

    [SkippableFact]
    public async Task Idle_times_that_the_server_does_not_keep_are_said()
    {
        await using var server = await Servers.NewRedisAsync(RedisKind.Plain, "maxmemory 100mb", "maxmemory-policy allkeys-lfu");
        await server.ExecuteAsync("SET", "a", "x");
        await using var cache = new TestCache(server);
        Assert.Null(Assert.Single(await cache.FindAsync(new KeyQuery())).Idle);
        Assert.Equal("Cache.IdleNotKept", (await Assert.ThrowsAsync<OpsException>(() => cache.FindAsync(new KeyQuery { IdleFor = TimeSpan.FromDays(1) }))).Id);
    }

    [SkippableTheory]
    [InlineData("SCAN", 3)]
    [InlineData("USAGE", 5000)]
    public async Task A_connection_lost_in_the_middle_leaves_a_part_that_says_so(string command, int after)
    {
        await using var server = await Servers.NewRedisAsync();
        await using var cache = new TestCache(server);
        await cache.FillAsync(20_000, i => new RedisCommand("SET", $"cache:{i}", new string('x', 1 + (i % 50))));
        await using var proxy = new CuttingProxy(server.Port, command, after);
        cache.Definition.Port = proxy.Port;

        var keys = await cache.FindAsync(new KeyQuery { Largest = 10 });

        Assert.Equal(10, keys.Count);
        Assert.All(keys, key => Assert.False(key.Complete));
        var error = Assert.Single(cache.Output.Errors);
        Assert.Equal(("Cache.ScanIncomplete", OpsErrorKind.Connection), (error.Id, error.Kind));
        Assert.Contains("of about 20000 keys", error.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_server_that_is_killed_or_frozen_ends_the_scan_with_an_error()
    {
        await using var server = await Servers.NewRedisAsync();
        await using var cache = new TestCache(server);
        await cache.FillAsync(50_000, i => new RedisCommand("SET", $"cache:{i}", "x"));
        cache.Definition.Timeout = TimeSpan.FromMilliseconds(500);
        cache.Output = new RecordedOutput();
        var seen = 0;
        var killed = new RecordedOutput
        {
            Taken = _ =>
            {
                if (++seen == 2000)
                {
                    server.KillAsync().GetAwaiter().GetResult();
                }
            },
        };
        await new KeyFinder(cache.Target, new KeyQuery(), killed).RunAsync(CancellationToken.None);
        Assert.Equal("Cache.ScanIncomplete", Assert.Single(killed.Errors).Id);
        Assert.InRange(killed.Items.Count, 2000, 49_999);

        await server.StartAsync();
        await cache.FillAsync(50_000, i => new RedisCommand("SET", $"cache:{i}", "x"));
        seen = 0;
        var frozen = new RecordedOutput
        {
            Taken = _ =>
            {
                if (++seen == 2000)
                {
                    server.FreezeAsync().GetAwaiter().GetResult();
                }
            },
        };
        await new KeyFinder(cache.Target, new KeyQuery(), frozen).RunAsync(CancellationToken.None);
        Assert.Equal(OpsErrorKind.Timeout, Assert.Single(frozen.Errors).Kind);
        await server.ThawAsync();
    }

    [SkippableFact]
    public async Task A_replica_is_read_when_told()
    {
        await using var master = await Servers.NewRedisAsync();
        await master.ExecuteAsync("SET", "a", "x");
        await using var cache = new TestCache(master);
        Assert.Equal("Cache.NoReplica", (await Assert.ThrowsAsync<OpsException>(() => cache.FindAsync(new KeyQuery { FromReplica = true }))).Id);

        await using var replica = await Servers.NewRedisReplicaAsync(master);
        Assert.Equal($"127.0.0.1:{replica.Port}", Assert.Single(await cache.FindAsync(new KeyQuery { FromReplica = true })).Node);
        Assert.Equal($"127.0.0.1:{master.Port}", Assert.Single(await cache.FindAsync(new KeyQuery())).Node);
    }

    [SkippableFact]
    public async Task A_cluster_is_looked_at_as_a_whole_and_a_missing_part_is_said()
    {
        await using var cluster = await Servers.NewRedisClusterAsync();
        for (var i = 0; i < 60; i++)
        {
            await cluster.ExecuteAsync("SET", $"k{i}", new string('x', i + 1));
        }

        await using var cache = new TestCache(cluster.Nodes[1]);
        var keys = await cache.FindAsync(new KeyQuery());
        Assert.Equal(60, keys.Count);
        Assert.Equal(3, keys.Select(key => key.Node).Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(60, (await cache.FindAsync(new KeyQuery { Largest = 100 })).Count);

        await cluster.Nodes[2].KillAsync();
        var rest = await cache.FindAsync(new KeyQuery { Largest = 100 });
        Assert.InRange(rest.Count, 1, 59);
        Assert.All(rest, key => Assert.False(key.Complete));
        Assert.Contains("of 16384 slots", Assert.Single(cache.Output.Errors).Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Replicas_of_a_cluster_are_read_and_one_that_is_missing_leaves_its_part_out()
    {
        await using var cluster = await Servers.NewRedisClusterAsync(replicas: 1);
        for (var i = 0; i < 60; i++)
        {
            await cluster.ExecuteAsync("SET", $"k{i}", new string('x', i + 1));
        }

        // Every write has arrived at the replicas when each says so.
        foreach (var node in cluster.Nodes)
        {
            Assert.Equal("1", await node.ExecuteAsync("WAIT", "1", "5000"));
        }

        await using var cache = new TestCache(cluster.Nodes[0]);
        var replicas = cluster.Replicas.Select(replica => $"127.0.0.1:{replica.Port}").Order(StringComparer.Ordinal);
        foreach (var query in new[] { new KeyQuery { FromReplica = true }, new KeyQuery { FromReplica = true, Largest = 100 } })
        {
            var keys = await cache.FindAsync(query);
            Assert.Empty(cache.Output.Errors);
            Assert.Equal(60, keys.Select(key => key.Key).Distinct(StringComparer.Ordinal).Count());
            Assert.All(keys, key => Assert.True(key is { Complete: true, Bytes: > 0, Type: "string" }));
            Assert.Equal(replicas, keys.Select(key => key.Node!).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
        }

        // Whichever node is asked first, a replica too.
        await using var other = new TestCache(cluster.Replicas[2]);
        Assert.Equal(60, (await other.FindAsync(new KeyQuery { FromReplica = true })).Count);
        Assert.DoesNotContain((await other.FindAsync(new KeyQuery())).Select(key => key.Node!), node => replicas.Contains(node, StringComparer.Ordinal));

        await cluster.Replicas[1].KillAsync();
        var rest = await cache.FindAsync(new KeyQuery { FromReplica = true, Largest = 100 });
        Assert.InRange(rest.Count, 1, 59);
        Assert.All(rest, key => Assert.False(key.Complete));
        var error = Assert.Single(cache.Output.Errors);
        Assert.Equal("Cache.NoReplica", error.Id);
        Assert.Contains("of 16384 slots", error.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_cluster_is_changed_by_a_command_that_names_a_replica()
    {
        await using var cluster = await Servers.NewRedisClusterAsync(replicas: 1);
        await cluster.ExecuteAsync("SET", "k1", "x");
        await using var cache = new TestCache(cluster.Replicas[0]);
        Assert.Equal(1, (await cache.RemoveAsync(new KeyRemovalRequest { Pattern = "k*" })).Removed);
    }

    [SkippableTheory]
    [InlineData("wrong", "Cache.LoginRefused")]
    [InlineData(null, "Cache.LoginRequired")]
    public async Task A_login_that_fails_is_named(string? password, string id)
    {
        await using var cache = new TestCache(await Servers.RedisAsync());
        cache.Definition.Password = password is null ? null : SecretReference.Parse(password);
        Assert.Equal(id, (await Assert.ThrowsAsync<OpsException>(() => cache.FindAsync(new KeyQuery()))).Id);
    }

    [SkippableFact]
    public async Task A_server_that_takes_no_more_clients_is_named()
    {
        await using var server = await Servers.NewRedisAsync(RedisKind.Plain, "maxclients 2");
        await using var cache = new TestCache(server);
        await server.ExecuteAsync("CONFIG", "SET", "requirepass", string.Empty);
        cache.Definition.Password = null;
        using var one = new TcpClient("127.0.0.1", server.Port);
        using var two = new TcpClient("127.0.0.1", server.Port);
        Assert.Equal("Cache.TooManyClients", (await Assert.ThrowsAsync<OpsException>(() => cache.FindAsync(new KeyQuery()))).Id);
    }

    [Fact]
    public void Text_of_any_key_is_readable_and_tells_bytes_apart()
    {
        Assert.Equal("ñ", KeyText.Of("ñ"u8, out var exact));
        Assert.True(exact);
        Assert.Equal("a\\xff\nb", KeyText.Of([(byte)'a', 0xff, (byte)'\n', (byte)'b'], out exact));
        Assert.False(exact);
        Assert.Equal("Cache.KeyInvalid", Assert.Throws<OpsException>(() => KeyText.Bytes("x", "%%")).Id);
        Assert.Equal(Encoding.UTF8.GetBytes("x"), KeyText.Bytes("x", string.Empty));
    }
}
