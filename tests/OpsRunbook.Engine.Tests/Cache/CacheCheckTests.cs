using System.Diagnostics;
using System.Text;
using OpsRunbook.Engine.Cache;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Engine.Tests.Endpoints;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Cache;

public sealed class CacheCheckTests
{
    [SkippableTheory]
    [InlineData("noeviction", 80, 90, HealthStatus.Healthy, null)]
    [InlineData("allkeys-lru", 80, 90, HealthStatus.Warning, "Cache.NoMemoryLimit")]
    [InlineData("allkeys-lru", 0.0000001, 99, HealthStatus.Warning, "Cache.MemoryHigh")]
    [InlineData("noeviction", 0.0000001, 0.000001, HealthStatus.Critical, "Cache.MemoryHigh")]
    public async Task No_limit_is_said_plainly_and_by_health_and_status_alike(string policy, double warning, double critical, HealthStatus expected, string? reason)
    {
        await using var server = await Servers.NewRedisAsync(RedisKind.Plain, $"maxmemory-policy {policy}");
        var limits = new StackThresholds { CacheMemory = new Threshold(warning, critical) };
        var health = await RunAsync(Cache(server), limits);
        Assert.Equal((expected, reason), StatusOf(health));
        Assert.Contains("maxmemory is 0: there is no limit but the machine's memory", health.Message, StringComparison.Ordinal);
        Assert.True(Assert.Single(health.Measurements) is { Value: > 0, Maximum: > 100 << 20 });

        await using var cache = new TestCache(server);
        cache.Target.Thresholds.CacheMemory = limits.CacheMemory;
        var status = Assert.Single(await cache.RunAsync<CacheStatus>(target => new CacheStatusReader(target, TimeSpan.FromMilliseconds(10), cache.Output).RunAsync(CancellationToken.None)));
        Assert.Equal((expected, reason), StatusOf(Assert.Single(status.Checks, check => check.Name == "memory")));
    }

    [SkippableFact]
    public async Task Compares_memory_with_maxmemory()
    {
        await using var server = await Servers.NewRedisAsync(RedisKind.Plain, "maxmemory 100mb", "maxmemory-policy allkeys-lru");
        var result = await RunAsync(Cache(server));
        Assert.Equal(HealthStatus.Healthy, result.Status);
        Assert.Contains("of 100.0 MB in use (allkeys-lru)", result.Message, StringComparison.Ordinal);

        // Limits below what an empty server uses.
        var limits = new StackThresholds { CacheMemory = new Threshold(0.01, 99) };
        Assert.Equal((HealthStatus.Warning, "Cache.MemoryHigh"), StatusOf(await RunAsync(Cache(server), limits)));
        limits.CacheMemory = new Threshold(0.001, 0.01);
        var critical = await RunAsync(Cache(server), limits);
        Assert.Equal((HealthStatus.Critical, "Cache.MemoryHigh"), StatusOf(critical));
        Assert.Equal(HealthStatus.Critical, Assert.Single(critical.Measurements).Status);
    }

    [SkippableFact]
    public async Task A_missing_a_wrong_and_a_needless_password_are_told_apart()
    {
        var server = await Servers.RedisAsync();
        var cache = Cache(server);
        cache.Password = null;
        Assert.Equal((HealthStatus.Unknown, "Cache.LoginRequired"), StatusOf(await RunAsync(cache)));
        cache.Password = SecretReference.Parse("not-the-Password-1");
        var refused = await RunAsync(cache);
        Assert.Equal((HealthStatus.Critical, "Cache.LoginRefused"), StatusOf(refused));
        Assert.DoesNotContain("not-the-Password-1", refused.Message, StringComparison.Ordinal);

        await using var open = await Servers.NewRedisAsync();
        await open.ExecuteAsync("CONFIG", "SET", "requirepass", string.Empty);
        var needless = await RunAsync(Cache(open));
        Assert.Equal((HealthStatus.Warning, "Cache.NoPasswordSet"), StatusOf(needless));
    }

    [SkippableFact]
    public async Task An_acl_user_without_the_right_to_look_leaves_it_unknown()
    {
        var server = await Servers.RedisAsync(RedisKind.Acl);
        Assert.Equal(HealthStatus.Healthy, (await RunAsync(Cache(server))).Status);
        var cache = Cache(server);
        cache.User = server.LimitedUser;
        cache.Password = SecretReference.Parse(server.LimitedPassword);
        var result = await RunAsync(cache);
        Assert.Equal((HealthStatus.Unknown, "Cache.NoPermission"), StatusOf(result));
        Assert.Contains("answers a ping", result.Message, StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData("verify-full", "localhost", true, null)]
    [InlineData("verify-full", "127.0.0.1", false, "Cache.TlsUntrusted")]
    [InlineData("require", "127.0.0.1", false, null)]
    [InlineData("disable", "127.0.0.1", false, "Cache.ProtocolError")]
    public async Task Tls_is_as_configured(string tls, string name, bool ca, string? reason)
    {
        var server = await Servers.RedisAsync(RedisKind.Tls);
        var cache = Cache(server);
        cache.Tls = tls;
        cache.Server = name;
        cache.TlsCa = ca ? server.TlsCaFile : null;
        var result = await RunAsync(cache);
        Assert.True(reason == result.Reason, $"{result.Reason}: {result.Message}");
    }

    [SkippableFact]
    public async Task A_replica_without_its_master_is_a_warning()
    {
        await using var server = await Servers.NewRedisAsync();
        await server.ExecuteAsync("REPLICAOF", "127.0.0.1", "1");
        var result = await RunAsync(Cache(server));
        Assert.Equal((HealthStatus.Warning, "Cache.MasterDown"), StatusOf(result));
        Assert.Contains("Replica of 127.0.0.1:1", result.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-LOADING Redis is loading the dataset in memory\r\n", "Cache.Loading", HealthStatus.Critical)]
    [InlineData("-ERR max number of clients reached\r\n", "Cache.TooManyClients", HealthStatus.Critical)]
    [InlineData("-DENIED Redis is running in protected mode because\r\n", "Cache.ProtectedMode", HealthStatus.Unknown)]
    [InlineData("HTTP/1.1 400 Bad Request\r\n\r\n", "Cache.ProtocolError", HealthStatus.Critical)]
    [InlineData("$99999999999\r\n", "Cache.ProtocolError", HealthStatus.Critical)]
    [InlineData("*2147483647\r\n*2147483647\r\n", "Cache.ProtocolError", HealthStatus.Critical)]
    public async Task What_a_server_says_instead_of_pong_is_named(string answer, string reason, HealthStatus status)
    {
        await using var server = new Misbehaving(async (stream, token) =>
        {
            await stream.ReadExactlyAsync(new byte[4], token);
            for (var i = 0; i < 4; i++)
            {
                await stream.WriteAsync(Encoding.ASCII.GetBytes(answer), token);
            }

            await stream.CopyToAsync(Stream.Null, token);
        });
        Assert.Equal((status, reason), StatusOf(await RunAsync(new StackCache { Server = "127.0.0.1", Port = server.Port })));
    }

    [Fact]
    public async Task Nesting_without_end_is_refused()
    {
        await using var server = new Misbehaving(async (stream, token) =>
        {
            while (true)
            {
                await stream.WriteAsync("*1\r\n"u8.ToArray(), token);
            }
        });
        Assert.Equal("Cache.ProtocolError", (await RunAsync(new StackCache { Server = "127.0.0.1", Port = server.Port })).Reason);
    }

    [Fact]
    public async Task A_server_that_says_nothing_is_left_at_the_timeout()
    {
        await using var server = Misbehaving.Silent();
        var watch = Stopwatch.StartNew();
        var cache = new StackCache { Server = "127.0.0.1", Port = server.Port, Timeout = TimeSpan.FromMilliseconds(300) };
        Assert.Equal((HealthStatus.Critical, "Cache.Timeout"), StatusOf(await RunAsync(cache)));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(5));
        await HttpProbeTests.EventuallyAsync(() => server is { Accepted: 1, Open: 0 });
    }

    [Fact]
    public async Task A_secret_that_cannot_be_read_leaves_it_unknown()
    {
        var cache = new StackCache { Password = SecretReference.Parse("${env:OPSRUNBOOK_TEST_NOT_SET}") };
        Assert.Equal((HealthStatus.Unknown, "Secret.NotResolved"), StatusOf(await RunAsync(cache)));
    }

    [SkippableFact]
    public async Task Bytes_large_values_and_long_pipelines_come_back_as_they_were_sent()
    {
        var server = await Servers.RedisAsync();
        await using var connection = await RedisConnection.OpenAsync(
            new LocalHost(), new RedisOptions("127.0.0.1", server.Port) { Password = server.Password, Database = 3 }, CancellationToken.None);
        var value = new byte[1_000_003];
        new Random(1).NextBytes(value);
        RedisArgument key = "bytes \r\n$5\r\nñ";
        await connection.ExecuteAsync(new RedisCommand("SET", key, (ReadOnlyMemory<byte>)value), CancellationToken.None);
        Assert.Equal(value, (await connection.ExecuteAsync(new RedisCommand("GET", key), CancellationToken.None)).Bytes.ToArray());
        Assert.Equal(RedisReplyKind.Null, (await connection.ExecuteAsync(new RedisCommand("GET", "no such key"), CancellationToken.None)).Kind);

        // More in both directions than the buffers in between can hold.
        var commands = Enumerable.Range(0, 100).Select(_ => new RedisCommand("GETSET", key, (ReadOnlyMemory<byte>)value)).ToList();
        var replies = await connection.PipelineAsync(commands, CancellationToken.None);
        Assert.All(replies, reply => Assert.Equal(value.Length, reply.Bytes.Length));
        await connection.ExecuteAsync(new RedisCommand("DEL", key), CancellationToken.None);

        var refused = await Assert.ThrowsAsync<OpsException>(() => connection.ExecuteAsync(new RedisCommand("NOSUCH", "hush"), CancellationToken.None));
        Assert.Equal("Cache.CommandUnknown", refused.Id);
        Assert.Equal("PONG", (await connection.ExecuteAsync(new RedisCommand("PING"), CancellationToken.None)).Text);
    }

    [SkippableFact]
    public async Task Version_3_of_the_protocol_is_understood()
    {
        await using var server = await Servers.NewRedisAsync(RedisKind.Plain, "enable-debug-command local");
        await using var connection = await RedisConnection.OpenAsync(
            new LocalHost(), new RedisOptions("127.0.0.1", server.Port) { Password = server.Password }, CancellationToken.None);
        var hello = await connection.ExecuteAsync(new RedisCommand("HELLO", 3), CancellationToken.None);
        Assert.Equal(RedisReplyKind.Map, hello.Kind);
        Assert.Contains(hello.Items, item => item.Text == "redis");
        foreach (var (kind, expected) in new[]
        {
            ("double", RedisReplyKind.Bulk), ("true", RedisReplyKind.Integer), ("null", RedisReplyKind.Null), ("set", RedisReplyKind.Array),
            ("map", RedisReplyKind.Map), ("bignum", RedisReplyKind.Bulk), ("verbatim", RedisReplyKind.Bulk), ("attrib", RedisReplyKind.Bulk),
        })
        {
            Assert.Equal(expected, (await connection.ExecuteAsync(new RedisCommand("DEBUG", "PROTOCOL", kind), CancellationToken.None)).Kind);
        }
    }

    [Fact]
    public void Options_and_commands_do_not_print_their_secrets()
    {
        Assert.DoesNotContain("hush", new RedisOptions { Password = "hush" }.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("hush", new RedisCommand("AUTH", "hush").ToString(), StringComparison.Ordinal);
    }

    private static (HealthStatus Status, string? Reason) StatusOf(CheckResult result) => (result.Status, result.Reason);

    private static StackCache Cache(RedisServer server) => new()
    {
        Server = "127.0.0.1",
        Port = server.Port,
        User = server.User,
        Password = SecretReference.Parse(server.Password),
        Tls = server.TlsCaFile is null ? null : "verify-full",
        TlsCa = server.TlsCaFile,
    };

    private static async Task<CheckResult> RunAsync(StackCache cache, StackThresholds? thresholds = null)
    {
        await using var session = new StackSession(new OpsStack());
        return await new CacheCheck("redis", cache, thresholds ?? new StackThresholds()).RunAsync(session, CancellationToken.None);
    }
}
