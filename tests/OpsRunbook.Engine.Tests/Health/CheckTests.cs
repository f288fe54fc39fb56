using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using OpsRunbook.Engine.Endpoints;
using OpsRunbook.Engine.Health;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Engine.Tests.Endpoints;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Health;

public sealed class CheckTests
{
    [Fact]
    public async Task An_answer_that_meets_its_conditions_is_healthy_and_tells_its_latency()
    {
        await using var server = Json("""{"status":"ok"}""");

        var result = await HttpAsync(server, check => check.Conditions["body.status"] = "ok");

        Assert.Equal(HealthStatus.Healthy, result.Status);
        Assert.Null(result.Reason);
        Assert.StartsWith("200 in ", result.Message, StringComparison.Ordinal);
        var latency = Assert.Single(result.Measurements);
        Assert.Equal(("latency", "s", 30.0, 60.0), (latency.Name, latency.Unit, latency.Warning, latency.Critical));
        Assert.Equal(result.Latency!.Value.TotalSeconds, latency.Value);
    }

    [Theory]
    [InlineData("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", "Health.StatusMismatch", "answered 503, expected 200-399")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n<html/>", "Health.BodyNotJson", "the body is not JSON but \"<html/>\", so body.status cannot be read")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "Health.BodyNotJson", "the body is not JSON but \"\", so body.status cannot be read")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\n{\"status\":\"degraded\"}", "Health.BodyMismatch", "body.status is \"degraded\", expected \"ok\"")]
    public async Task An_answer_that_does_not_meet_its_conditions_is_critical_and_says_why(string answer, string reason, string message)
    {
        await using var server = Misbehaving.Answering(answer);

        var result = await HttpAsync(server, check => check.Conditions["body.status"] = "ok");

        Assert.Equal((HealthStatus.Critical, reason, message), (result.Status, result.Reason, result.Message));
    }

    [Fact]
    public async Task Invalid_utf8_and_a_byte_order_mark_do_no_harm()
    {
        await using var server = Misbehaving.Answering("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n\u00ef\u00bb\u00bf{\"status\":\"ok\",\"bad\":\"\u00ff\u00fe\"}");

        var result = await HttpAsync(server, check =>
        {
            check.Conditions["body.status"] = "ok";
            check.Conditions["body.bad"] = "*";
        });

        Assert.Equal(HealthStatus.Healthy, result.Status);
    }

    [Fact]
    public async Task A_slow_answer_is_a_warning_and_a_very_slow_one_critical()
    {
        await using var server = Delayed(TimeSpan.FromMilliseconds(150));

        var slow = await HttpAsync(server, _ => { }, new Threshold(0.1, 60));
        var verySlow = await HttpAsync(server, _ => { }, new Threshold(0.05, 0.1));
        var allowed = await HttpAsync(server, check => check.Latency = TimeSpan.FromMinutes(1), new Threshold(0.05, 0.1));
        var own = await HttpAsync(server, check => check.Latency = TimeSpan.FromMilliseconds(100), new Threshold(50, 60));

        Assert.Equal((HealthStatus.Warning, "Health.Slow"), (slow.Status, slow.Reason));
        Assert.Equal((HealthStatus.Critical, "Health.Slow"), (verySlow.Status, verySlow.Reason));
        Assert.Equal(HealthStatus.Healthy, allowed.Status);
        Assert.Equal(HealthStatus.Warning, own.Status);
        Assert.All(new[] { slow, verySlow, allowed, own }, result => Assert.Equal(result.Status, Assert.Single(result.Measurements).Status));
    }

    [Fact]
    public async Task An_endless_body_is_not_read_without_a_condition_on_it_and_bounded_with_one()
    {
        var written = 0L;
        await using var server = new Misbehaving(async (stream, token) =>
        {
            await Misbehaving.ReadRequestAsync(stream, token);
            await stream.WriteAsync(Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\n\r\n{\"status\":\""), token);
            var block = Encoding.ASCII.GetBytes(new string('x', 65536));
            while (true)
            {
                await stream.WriteAsync(block, token);
                Interlocked.Add(ref written, block.Length);
            }
        });

        var without = await HttpAsync(server, _ => { }, new Threshold(null, null));
        var unread = Interlocked.Exchange(ref written, 0);
        var json = await HttpAsync(server, check => check.Conditions["body.status"] = "ok", new Threshold(null, null));

        Assert.Equal(HealthStatus.Healthy, without.Status);
        Assert.Equal((HealthStatus.Critical, "Health.BodyTooLong"), (json.Status, json.Reason));

        // What the sockets' buffers took counts too.
        Assert.InRange(unread, 0, 16 * 1024 * 1024);
        Assert.InRange(Interlocked.Read(ref written), 0, 32 * 1024 * 1024);
    }

    [Fact]
    public async Task A_server_that_accepts_and_never_answers_is_critical_at_its_timeout()
    {
        await using var server = Misbehaving.Silent();
        var start = Stopwatch.GetTimestamp();

        var result = await HttpAsync(server, _ => { }, timeout: TimeSpan.FromMilliseconds(300));

        Assert.Equal((HealthStatus.Critical, "Endpoint.Timeout"), (result.Status, result.Reason));
        Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task An_expected_redirect_is_not_followed_and_an_endless_one_is_critical()
    {
        Misbehaving? server = null;
        await using var loop = server = new Misbehaving(async (stream, token) =>
        {
            await Misbehaving.ReadRequestAsync(stream, token);
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 302 Found\r\nLocation: {server!.Url}again\r\nContent-Length: 0\r\n\r\n"), token);
        });

        var followed = await HttpAsync(loop, _ => { });
        var expected = await HttpAsync(loop, check => check.Status = "302");

        Assert.Equal((HealthStatus.Critical, "Endpoint.TooManyRedirects"), (followed.Status, followed.Reason));
        Assert.Equal(HealthStatus.Healthy, expected.Status);
    }

    [Fact]
    public async Task A_closed_port_is_critical_and_a_wrong_address_unknown()
    {
        var port = FreePort();

        var closed = await RunAsync(new HttpCheck(null, new StackHealthCheck { Url = $"http://127.0.0.1:{port}/" }, new Threshold(), TimeSpan.FromSeconds(5)));
        var wrong = await RunAsync(new HttpCheck(null, new StackHealthCheck { Url = "/health" }, new Threshold(), TimeSpan.FromSeconds(5)));
        var secret = await RunAsync(new HttpCheck(
            null,
            new StackHealthCheck { Url = $"http://127.0.0.1:{port}/", Headers = { ["X"] = SecretReference.Parse("${env:OPSRUNBOOK_NO_SUCH_VARIABLE}") } },
            new Threshold(),
            TimeSpan.FromSeconds(5)));
        var condition = await RunAsync(new HttpCheck(
            null, new StackHealthCheck { Url = $"http://127.0.0.1:{port}/", Status = "fine" }, new Threshold(), TimeSpan.FromSeconds(5)));

        Assert.Equal((HealthStatus.Critical, "Endpoint.PortClosed"), (closed.Status, closed.Reason));
        Assert.Equal((HealthStatus.Unknown, "Endpoint.UrlInvalid"), (wrong.Status, wrong.Reason));
        Assert.Equal((HealthStatus.Unknown, "Secret.NotResolved"), (secret.Status, secret.Reason));
        Assert.Equal((HealthStatus.Unknown, "Health.ConditionInvalid"), (condition.Status, condition.Reason));
    }

    [Fact]
    public async Task A_password_in_the_address_is_in_no_result()
    {
        await using var server = Json("{}");
        var check = new HttpCheck(
            null,
            new StackHealthCheck { Url = $"http://user:hunter2@127.0.0.1:{server.Port}/", Status = "404" },
            new Threshold(),
            TimeSpan.FromSeconds(5));

        var result = await RunAsync(check);

        Assert.Equal(HealthStatus.Critical, result.Status);
        Assert.DoesNotContain("hunter2", result.Message + result.Target, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_is_found_on_the_address_it_is_bound_to()
    {
        using var listener = new TcpListener(IPAddress.Parse("127.0.0.7"), 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;

        var bare = await RunAsync(new TcpCheck("tcp", null, $"{port}", TimeSpan.FromSeconds(5)));
        var full = await RunAsync(new TcpCheck("tcp", null, $"127.0.0.7:{port}", TimeSpan.FromSeconds(5)));
        port = TestRun.FreePort();
        var closed = await RunAsync(new TcpCheck("tcp", null, $"{port}", TimeSpan.FromSeconds(5)));
        var wrong = await RunAsync(new TcpCheck("tcp", null, "host:http", TimeSpan.FromSeconds(5)));

        Assert.Equal(HealthStatus.Healthy, bare.Status);
        Assert.Equal(HealthStatus.Healthy, full.Status);
        Assert.Equal((HealthStatus.Critical, "Endpoint.PortClosed"), (closed.Status, closed.Reason));
        Assert.Equal((HealthStatus.Unknown, "Endpoint.UrlInvalid"), (wrong.Status, wrong.Reason));
    }

    [Theory]
    [InlineData("exit 0", HealthStatus.Healthy, null, "sh exited with 0")]
    [InlineData("echo all fine; echo more", HealthStatus.Healthy, null, "all fine")]
    [InlineData("echo broken >&2; exit 3", HealthStatus.Critical, "Health.CommandFailed", "sh exited with 3: broken")]
    [InlineData("exit 1", HealthStatus.Critical, "Health.CommandFailed", "sh exited with 1")]
    public async Task A_command_is_judged_by_its_exit_code(string script, HealthStatus status, string? reason, string message)
    {
        var result = await RunAsync(new CommandCheck("command", null, ["sh", "-c", script], TimeSpan.FromSeconds(10)));

        Assert.Equal((status, reason, message), (result.Status, result.Reason, result.Message));
    }

    [Fact]
    public async Task A_command_that_hangs_is_critical_and_one_that_is_missing_unknown()
    {
        var hangs = await RunAsync(new CommandCheck("command", null, ["sleep", "300"], TimeSpan.FromMilliseconds(300)));
        var missing = await RunAsync(new CommandCheck("command", null, ["no-such-tool"], TimeSpan.FromSeconds(5)));

        Assert.Equal((HealthStatus.Critical, "Host.CommandTimeout"), (hangs.Status, hangs.Reason));
        Assert.Equal((HealthStatus.Unknown, "Host.CommandNotFound"), (missing.Status, missing.Reason));
    }

    private static Misbehaving Json(string body) =>
        Misbehaving.Answering($"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}");

    private static Misbehaving Delayed(TimeSpan time) => new(async (stream, token) =>
    {
        await Misbehaving.ReadRequestAsync(stream, token);
        await Task.Delay(time, token);
        await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"u8.ToArray(), token);
    });

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static Task<CheckResult> HttpAsync(Misbehaving server, Action<StackHealthCheck> configure, Threshold? latency = null, TimeSpan? timeout = null)
    {
        var check = new StackHealthCheck { Url = server.Url.ToString() };
        configure(check);
        return RunAsync(new HttpCheck(null, check, latency ?? new Threshold(30, 60), timeout ?? TimeSpan.FromSeconds(20)));
    }

    private static async Task<CheckResult> RunAsync(IHealthCheck check)
    {
        await using var session = new StackSession(new OpsStack());
        return await check.RunAsync(session, default);
    }
}
