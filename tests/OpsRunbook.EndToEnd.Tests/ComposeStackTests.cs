namespace OpsRunbook.EndToEnd.Tests;

/// <summary>This machine: the application under Compose with PostgreSQL, Redis and nginx, each in its container.</summary>
[Collection("Stacks")]
public sealed class ComposeStackTests
{
    private static readonly Lazy<Task<Stack>> Shared = new(Stack.CreateAsync);

    [SkippableFact]
    public async Task All_is_healthy() =>
        (await (await GetAsync()).CheckAsync("-Name", "api,db,cache,web")).AssertIs(0, "api Healthy", "db Healthy", "cache Healthy", "web Healthy");

    [SkippableFact]
    public async Task The_application_is_stopped()
    {
        var stack = await GetAsync();
        await stack.Project.ExecuteAsync("stop", "-t", "2", "api");
        try
        {
            (await stack.CheckAsync("-Name", "api,db,cache,web")).AssertIs(2, "api Critical", "db Healthy", "cache Healthy", "web Critical api");
        }
        finally
        {
            await stack.StartAsync("api");
        }
    }

    [SkippableFact]
    public async Task The_database_is_stopped()
    {
        var stack = await GetAsync();
        await stack.Project.ExecuteAsync("stop", "-t", "5", "db");
        try
        {
            (await stack.CheckAsync("-Name", "api,db,cache,web")).AssertIs(2, "api Critical db", "db Critical", "cache Healthy", "web Critical db");
        }
        finally
        {
            await stack.StartAsync("db");
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
        run.AssertIs(2, "api Healthy", "db Healthy", "cache Healthy", "web Healthy", "local Critical");
        run.AssertSays("local", disk.Folder);
    }

    [SkippableFact]
    public async Task The_database_is_used_by_its_published_port_and_by_the_address_of_its_container()
    {
        var stack = await GetAsync();
        foreach (var name in (string[])["published", "inside"])
        {
            var test = await stack.AskDatabaseAsync("Test-DbConnection", name);
            Assert.True((test.ExitCode, test.Output.Contains("\"Healthy\"", StringComparison.Ordinal)) == (0, true), test.Output + test.Error);
            Assert.Contains(name == "inside" ? "\"Host\": \"container\"" : "\"Host\": \"local\"", test.Output, StringComparison.Ordinal);

            await using var client = await stack.ConnectAsync(name);
            var sessions = await stack.AskDatabaseAsync("Get-DbSession", name, "-Application", name);
            Assert.True((sessions.ExitCode, sessions.Output.Contains("\"Idle\"", StringComparison.Ordinal)) == (0, true), sessions.Output + sessions.Error);
        }
    }

    private static async Task<Stack> GetAsync() => await Shared.Value;

    private sealed class Stack
    {
        private readonly string _databasePassword = TestRun.NewPassword();
        private readonly string _cachePassword = TestRun.NewPassword();
        private readonly string _controlFolder = TestRun.NewFolder("control");
        private readonly DockerEngine _docker;

        private Stack(DockerEngine docker) => _docker = docker;

        public ComposeProject Project { get; private set; } = null!;

        public string Control => Path.Combine(_controlFolder, "control.json");

        private int ApiPort { get; } = TestRun.FreePort();

        private int DatabasePort { get; } = TestRun.FreePort();

        private int CachePort { get; } = TestRun.FreePort();

        private int WebPort { get; } = TestRun.FreePort();

        public static async Task<Stack> CreateAsync()
        {
            var docker = await Servers.DockerAsync();
            var stack = new Stack(docker);
            var image = await StackImage.GetAsync(docker);
            stack.Project = await docker.NewComposeProjectAsync($$"""
                version: "2.4"
                services:
                  db:
                    image: {{image}}
                    command: sh /entry/postgresql.sh
                    user: postgres
                    environment: [DB_PASSWORD]
                    ports: ["127.0.0.1:{{stack.DatabasePort}}:5432"]
                  cache:
                    image: {{image}}
                    command: sh /entry/redis.sh
                    user: redis
                    environment: [CACHE_PASSWORD]
                    ports: ["127.0.0.1:{{stack.CachePort}}:6379"]
                  api:
                    image: {{image}}
                    command: {{SampleApp.NodeFile}} /app/app.js
                    init: true
                    environment:
                      PORT: "3000"
                      HOST: 0.0.0.0
                      DEPENDENCIES: db=db:5432,cache=cache:6379
                      CONTROL: /control/control.json
                    volumes: ["{{stack._controlFolder}}:/control:ro"]
                    ports: ["127.0.0.1:{{stack.ApiPort}}:3000"]
                    depends_on: [db, cache]
                  web:
                    image: {{image}}
                    command: sh /entry/nginx.sh
                    ports: ["127.0.0.1:{{stack.WebPort}}:80"]
                    depends_on: [api]
                """, new Dictionary<string, string> { ["DB_PASSWORD"] = stack._databasePassword, ["CACHE_PASSWORD"] = stack._cachePassword });
            await stack.RecoverAsync();
            return stack;
        }

        public async Task StartAsync(string service)
        {
            await Project.ExecuteAsync("start", service);
            await RecoverAsync();
        }

        public Task<HealthRun> CheckAsync(params string[] arguments) => HealthRun.OfAsync($$"""
            stack: gateway
            services:
              api:
                manager: compose
                composeFile: {{Project.File}}
                project: {{Project.Name}}
                ports: [{{ApiPort}}]
                health:
                  - { name: health, url: "http://localhost:{{ApiPort}}/health", status: 200, body.status: ok, latency: 2s, timeout: 20s }
                  - { name: ready, url: "http://localhost:{{ApiPort}}/api/v1/health/ready", status: 200, timeout: 20s }
                dependsOn: [db, cache]
            databases:
              db: { engine: postgres, timeout: 20s, server: 127.0.0.1, port: {{DatabasePort}}, database: postgres, user: postgres, password: "${env:GATEWAY_DB_PASSWORD}", tls: disable, manager: compose, composeFile: {{Project.File}}, project: {{Project.Name}} }
            caches:
              cache: { engine: redis, timeout: 20s, server: 127.0.0.1, port: {{CachePort}}, password: "${env:GATEWAY_REDIS_PASSWORD}", manager: compose, composeFile: {{Project.File}}, project: {{Project.Name}} }
            webServers:
              web: { manager: compose, composeFile: {{Project.File}}, project: {{Project.Name}}, ports: [{{WebPort}}], health: { url: "http://localhost:{{WebPort}}/api/v1/health/ready", status: 200, timeout: 20s }, dependsOn: [api] }
            {{TestThresholds.Yaml}}
            """, new Dictionary<string, string>
        {
            ["DOCKER_HOST"] = _docker.Address,
            ["GATEWAY_DB_PASSWORD"] = _databasePassword,
            ["GATEWAY_REDIS_PASSWORD"] = _cachePassword,
        }, arguments);

        public async Task<ToolResult> AskDatabaseAsync(string command, params string[] arguments) => await ConsoleRun.OfAsync(
            $$"""
            stack: gateway
            hosts:
              container: { container: {{(await Project.ExecuteAsync("ps", "-q", "db")).Trim()}}, docker: "{{_docker.Address}}" }
            databases:
              published: { engine: postgres, timeout: 20s, server: 127.0.0.1, port: {{DatabasePort}}, database: postgres, user: postgres, password: "${env:GATEWAY_DB_PASSWORD}" }
              inside: { engine: postgres, timeout: 20s, host: container, database: postgres, user: postgres, password: "${env:GATEWAY_DB_PASSWORD}" }

            """,
            new Dictionary<string, string> { ["GATEWAY_DB_PASSWORD"] = _databasePassword },
            [command, .. arguments, "-OutputFormat", "Json"]);

        public async Task<IAsyncDisposable> ConnectAsync(string application)
        {
            var connection = new Npgsql.NpgsqlConnection($"Host=127.0.0.1;Port={DatabasePort};Username=postgres;Password={_databasePassword};Database=postgres;Application Name={application};Pooling=false");
            await connection.OpenAsync();
            return connection;
        }

        private Task RecoverAsync() => Eventually.AnswersAsync($"http://127.0.0.1:{WebPort}/api/v1/health/ready");
    }
}
