using System.Diagnostics;
using System.Text;
using OpsRunbook.Engine.Health;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Engine.Tests.Endpoints;

namespace OpsRunbook.Engine.Tests.Health;

public sealed class HealthRunnerTests
{
    [Fact]
    public async Task Names_take_wildcards_whatever_their_case_and_a_wrong_one_is_an_error_with_the_nearest()
    {
        var stack = Stack(("api", "true"), ("admin", "true"), ("worker", "true"));
        var output = new RecordedOutput();

        await RunAsync(stack, new HealthRequest { Names = ["A*", "wroker"] }, output);

        Assert.Equal(["admin", "api"], output.Health.Select(health => health.Name).Order());
        var error = Assert.Single(output.Errors);
        Assert.Equal(("Health.MemberNotFound", "Did you mean 'worker'?"), (error.Id, error.NextStep));
    }

    [Fact]
    public async Task A_dependency_that_is_not_asked_for_explains_and_is_not_reported()
    {
        var stack = Stack(("api", "false"), ("db", "false"));
        stack.Services["api"].DependsOn.Add("db");
        var output = new RecordedOutput();

        await RunAsync(stack, new HealthRequest { Names = ["api"] }, output);

        Assert.Equal("db", Assert.Single(output.Health).CausedBy);
    }

    [Fact]
    public async Task The_kinds_limit_what_is_checked()
    {
        var stack = Stack(("api", "true"));
        stack.WebServers["proxy"] = new StackWebServer { Health = [Command("true")] };
        var output = new RecordedOutput();

        await RunAsync(stack, new HealthRequest { Kinds = [MemberKind.WebServer] }, output);
        await RunAsync(stack, new HealthRequest { Kinds = [MemberKind.WebServer], Names = ["api"] }, output);

        Assert.Equal("proxy", Assert.Single(output.Health).Name);
        Assert.Contains("there is a Service 'api'", Assert.Single(output.Errors).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_member_without_anything_to_check_is_unknown()
    {
        var stack = new OpsStack { Services = { ["empty"] = new StackService() } };
        var output = new RecordedOutput();

        await RunAsync(stack, new HealthRequest { Names = ["empty"] }, output);

        Assert.Equal((HealthStatus.Unknown, "Health.NothingToCheck"), (output["empty"].Status, output["empty"].Checks[0].Reason));
    }

    [Fact]
    public async Task The_host_of_the_members_is_checked_too()
    {
        var output = new RecordedOutput();

        await RunAsync(Stack(("api", "true")), new HealthRequest { Kinds = [MemberKind.Host] }, output);

        var host = Assert.Single(output.Health);
        Assert.Equal("local", host.Name);
        Assert.True(host.Checks.Count > 3, "CPU, memory and file systems are results of their own");
    }

    [Fact]
    public async Task Retries_report_a_member_when_it_is_healthy_and_the_rest_at_the_deadline()
    {
        var folder = Directory.CreateTempSubdirectory("opsrunbook-").FullName;
        try
        {
            var flag = Path.Combine(folder, "up");
            var stack = Stack(("good", "true"), ("late", $"test -e {flag}"), ("never", "false"));
            var output = new RecordedOutput { Taken = item => File.WriteAllText(flag, string.Empty) };
            var start = Stopwatch.GetTimestamp();

            await RunAsync(stack, new HealthRequest { Names = ["good", "late", "never"], RetryFor = TimeSpan.FromSeconds(2), RetryEvery = TimeSpan.FromMilliseconds(100) }, output);

            Assert.Equal(["good", "late", "never"], output.Health.Select(health => health.Name));
            Assert.Equal([HealthStatus.Healthy, HealthStatus.Healthy, HealthStatus.Critical], output.Health.Select(health => health.Status));
            Assert.True(Stopwatch.GetElapsedTime(start) >= TimeSpan.FromSeconds(2));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_watch_reports_changes_only_and_ends_after_its_time()
    {
        var requests = 0;
        await using var server = new Misbehaving(async (stream, token) =>
        {
            await Misbehaving.ReadRequestAsync(stream, token);

            // The fourth, fifth and sixth answer are bad, each in the same way but with other words.
            var number = Interlocked.Increment(ref requests);
            var status = number is >= 4 and <= 6 ? $"503 {number}" : "200 OK";
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n"), token);
        });
        var stack = new OpsStack
        {
            Services = { ["api"] = new StackService { Health = [new StackHealthCheck { Url = server.Url.ToString(), Latency = TimeSpan.FromMinutes(1) }] } },
        };
        using var enough = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        var output = new RecordedOutput();

        await RunAsync(
            stack,
            new HealthRequest { Names = ["api"], Watch = true, Every = TimeSpan.FromMilliseconds(100), For = TimeSpan.FromSeconds(3) },
            output,
            enough.Token);

        Assert.True(requests > 7, $"{requests} requests");
        Assert.Equal([HealthStatus.Healthy, HealthStatus.Critical, HealthStatus.Healthy], output.Health.Select(health => health.Status));
    }

    [Fact]
    public async Task A_watch_ends_at_once_when_it_is_cancelled()
    {
        using var cancel = new CancellationTokenSource();
        var output = new RecordedOutput { Taken = _ => cancel.Cancel() };

        var running = RunAsync(Stack(("api", "true")), new HealthRequest { Names = ["api"], Watch = true, Every = TimeSpan.FromHours(1) }, output, cancel.Token);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running.WaitAsync(TimeSpan.FromSeconds(10)));
        Assert.Single(output.Health);
    }

    [Theory]
    [InlineData("https://user:hunter2@example.com/health?x=1", "https://example.com/health")]
    [InlineData("tcp://example.com:25", "tcp://example.com:25")]
    [InlineData("postgres://user:hunter2@db.example.com/shop", "postgres://db.example.com/shop")]
    [InlineData("redis://:hunter2@cache:6380/2", "redis://cache:6380/2")]
    public void An_address_becomes_a_member_whose_name_holds_no_password(string uri, string name)
    {
        var stack = new OpsStack();

        HealthTarget.Add(stack, uri, credential: null);

        Assert.Equal(name, Assert.Single(HealthCheckFactory.Create(stack), member => member.Kind != MemberKind.Host).Name);
    }

    [Fact]
    public async Task An_address_gives_the_database_its_server_user_and_password()
    {
        var stack = new OpsStack();

        HealthTarget.Add(stack, "mariadb://us%40er:p%2Fw@db:3307/shop", credential: null);
        HealthTarget.Add(stack, "rediss://cache/3", new System.Net.NetworkCredential("ops", "${env:HOME}"));

        var database = stack.Databases.Values.Single();
        Assert.Equal((DatabaseEngine.MariaDb, "db", 3307, "shop", "us@er", "p/w"), (database.Engine, database.Server, database.Port, database.Database, database.User, await PasswordAsync(database.Password)));
        var cache = stack.Caches.Values.Single();
        Assert.Equal(("cache", null, 3, "verify-full", "ops", "${env:HOME}"), (cache.Server, cache.Port, cache.Database, cache.Tls, cache.User, await PasswordAsync(cache.Password)));
    }

    [Theory]
    [InlineData("example.com")]
    [InlineData("ftp://example.com/")]
    [InlineData("tcp://example.com")]
    [InlineData("/etc/passwd")]
    public void An_address_that_cannot_be_checked_is_refused(string uri) =>
        Assert.Equal("Health.UriInvalid", Assert.Throws<OpsException>(() => HealthTarget.Add(new OpsStack(), uri, null)).Id);

    private static async Task<string?> PasswordAsync(SecretReference? secret) => await new SecretResolver().ResolveAsync(secret!, default);

    private static StackHealthCheck Command(string script) => new() { Command = ["sh", "-c", script] };

    private static OpsStack Stack(params (string Name, string Script)[] services)
    {
        var stack = new OpsStack { Name = "test" };
        foreach (var (name, script) in services)
        {
            stack.Services[name] = new StackService { Health = [Command(script)] };
        }

        return stack;
    }

    private static async Task RunAsync(OpsStack stack, HealthRequest request, RecordedOutput output, CancellationToken cancel = default)
    {
        await using var session = new StackSession(stack);
        await new HealthRunner(session, request, output).RunAsync(cancel);
    }
}
