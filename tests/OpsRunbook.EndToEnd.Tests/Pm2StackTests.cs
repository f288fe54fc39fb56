namespace OpsRunbook.EndToEnd.Tests;

/// <summary>This machine: the application under pm2 with PostgreSQL and Redis.</summary>
[Collection("Stacks")]
public sealed class Pm2StackTests
{
    private static readonly Lazy<Task<Stack>> Shared = new(Stack.CreateAsync);

    [SkippableFact]
    public async Task All_is_healthy() =>
        (await (await GetAsync()).CheckAsync("-Name", "api,db,cache")).AssertIs(0, "api Healthy", "db Healthy", "cache Healthy");

    [SkippableFact]
    public async Task The_application_is_stopped()
    {
        var stack = await GetAsync();
        await stack.Pm2.ExecuteAsync("stop", Stack.App);
        try
        {
            (await stack.CheckAsync("-Name", "api,db,cache")).AssertIs(2, "api Critical", "db Healthy", "cache Healthy");
        }
        finally
        {
            await stack.Pm2.ExecuteAsync("restart", Stack.App);
            await stack.RecoverAsync();
        }
    }

    [SkippableFact]
    public async Task The_database_is_stopped()
    {
        var stack = await GetAsync();
        await stack.PostgreSql.StopAsync();
        try
        {
            (await stack.CheckAsync("-Name", "api,db,cache")).AssertIs(2, "api Critical db", "db Critical", "cache Healthy");
        }
        finally
        {
            await stack.PostgreSql.StartAsync();
        }
    }

    [SkippableFact]
    public async Task The_cache_accepts_and_does_not_answer()
    {
        var stack = await GetAsync();
        await stack.Redis.FreezeAsync();
        try
        {
            (await stack.CheckAsync("-Name", "api,db,cache")).AssertIs(2, "api Healthy", "db Healthy", "cache Critical");
        }
        finally
        {
            await stack.Redis.ThawAsync();
        }
    }

    [SkippableFact]
    public async Task The_answer_is_slow()
    {
        var stack = await GetAsync();
        await File.WriteAllTextAsync(stack.Control, SampleApp.Control(latencyMilliseconds: 3000));
        try
        {
            (await stack.CheckAsync("-Name", "api,db,cache")).AssertIs(1, "api Warning", "db Healthy", "cache Healthy");
        }
        finally
        {
            File.Delete(stack.Control);
        }
    }

    [SkippableFact]
    public async Task The_body_is_wrong()
    {
        var stack = await GetAsync();
        await File.WriteAllTextAsync(stack.Control, SampleApp.Control(body: """{"status":"starting"}"""));
        try
        {
            var run = await stack.CheckAsync("-Name", "api,db,cache");
            run.AssertIs(2, "api Critical", "db Healthy", "cache Healthy");
            run.AssertSays("api", "starting");
        }
        finally
        {
            File.Delete(stack.Control);
        }
    }

    [SkippableFact]
    public async Task A_disk_is_full()
    {
        var stack = await GetAsync();
        Assert.NotEqual(2, (await stack.CheckAsync()).ExitCode);
        await using var disk = await Servers.NewSmallDiskAsync();
        await disk.FillAsync(100);
        var run = await stack.CheckAsync();
        run.AssertIs(2, "api Healthy", "db Healthy", "cache Healthy", "local Critical");
        run.AssertSays("local", disk.Folder);
    }

    private static async Task<Stack> GetAsync() => await Shared.Value;

    private sealed class Stack
    {
        public const string App = "vendhub-api";

        private Stack(Pm2Daemon pm2, PostgreSqlServer postgreSql, RedisServer redis)
        {
            Pm2 = pm2;
            PostgreSql = postgreSql;
            Redis = redis;
        }

        public Pm2Daemon Pm2 { get; }

        public PostgreSqlServer PostgreSql { get; }

        public RedisServer Redis { get; }

        public int Port { get; } = TestRun.FreePort();

        public string Control { get; private set; } = string.Empty;

        public static async Task<Stack> CreateAsync()
        {
            var stack = new Stack(await Servers.Pm2Async(), await Servers.NewPostgreSqlAsync(), await Servers.NewRedisAsync());
            stack.Control = await stack.Pm2.StartAppAsync(
                App, stack.Port, $"db=127.0.0.1:{stack.PostgreSql.Port}", $"cache=127.0.0.1:{stack.Redis.Port}");
            return stack;
        }

        public Task RecoverAsync() => Eventually.AnswersAsync($"http://127.0.0.1:{Port}/health");

        public Task<HealthRun> CheckAsync(params string[] arguments) => HealthRun.OfAsync($$"""
            stack: vendhub
            services:
              api:
                manager: pm2
                unit: {{App}}
                ports: [{{Port}}]
                health:
                  - { name: health, url: "http://localhost:{{Port}}/health", status: 200, body.status: ok, latency: 2s, timeout: 20s }
                  - { name: ready, url: "http://localhost:{{Port}}/api/v1/health/ready", status: 200, timeout: 20s }
                dependsOn: [db, cache]
            databases:
              db: { engine: postgres, timeout: 20s, server: 127.0.0.1, port: {{PostgreSql.Port}}, database: postgres, user: postgres, password: "${env:VENDHUB_DB_PASSWORD}", tls: verify-full, tlsCa: {{PostgreSql.TlsCaFile}} }
            caches:
              cache: { engine: redis, server: 127.0.0.1, port: {{Redis.Port}}, password: "${env:VENDHUB_REDIS_PASSWORD}", timeout: 8s }
            {{TestThresholds.Yaml}}
            """, new Dictionary<string, string>
        {
            ["VENDHUB_DB_PASSWORD"] = PostgreSql.Password,
            ["VENDHUB_REDIS_PASSWORD"] = Redis.Password,
        }, arguments);
    }
}
