using OpsRunbook.Engine.Logs;
using OpsRunbook.Engine.Logs.Measuring;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Logs.Sources;

/// <summary>Access logs that are no files of this machine give the same figures.</summary>
public sealed class AccessLogSourceTests
{
    private const string Requests = """
        203.0.113.7 - - [23/Jan/2026:10:30:00 +0000] "GET /api/orders/17?x=1 HTTP/1.1" 200 10 "-" "x" 0.100
        203.0.113.8 - - [23/Jan/2026:10:30:01 +0000] "GET /api/orders/18 HTTP/1.1" 503 20 "-" "x" 0.300
        203.0.113.7 - - [23/Jan/2026:10:30:02 +0000] "POST /login HTTP/1.1" 429 - "-" "200 \"GET\"" 0.200
        """;

    [SkippableFact]
    public async Task A_file_of_another_host_is_summed_up()
    {
        var machine = await Servers.SystemdHostAsync();
        var folder = $"/var/tmp/access-{Environment.ProcessId}";
        await machine.ExecuteAsync($"mkdir -p {folder}; cat > {folder}/access.log; printf '2026/01/23 10:30:00 [error] 1#1: *1 no such file\\n' > {folder}/error.log", Requests + "\n");
        var stack = new OpsStack { Name = "test" };
        stack.Hosts["machine"] = MemberLog.Ssh(machine);
        stack.WebServers["web"] = new StackWebServer { Host = "machine", Logs = [folder + "/access.log", folder + "/error.log"] };
        var output = new RecordedOutput();

        Check((await MeasureAsync(stack, output))!);

        Assert.Contains("error.log", Assert.Single(output.Warnings), StringComparison.Ordinal);
        Assert.Empty(output.Errors);
    }

    [SkippableFact]
    public async Task The_output_of_a_container_is_summed_up()
    {
        var docker = await Servers.DockerAsync();
        var name = docker.NewName("access");
        await docker.RunContainerAsync("--name", name, "--env", "LINES=" + Requests, DockerEngine.BusyboxImage, "sh", "-c", "printf '%s\\n' \"$LINES\"");
        await docker.ExecuteAsync("wait", name);
        var stack = new OpsStack { Name = "test" };
        stack.Hosts["local"] = new StackHost { Docker = docker.Address };
        stack.Services["web"] = new StackService { Manager = ServiceManagerKind.Docker, Unit = name, Host = "local" };

        Check((await MeasureAsync(stack, new RecordedOutput()))!);
    }

    [SkippableFact]
    public async Task The_journal_of_a_unit_without_requests_is_no_access_log()
    {
        var machine = await Servers.SystemdHostAsync();
        var unit = $"access-{Environment.ProcessId}";
        await machine.ExecuteAsync($"systemd-run --unit={unit} --wait echo hello; journalctl --sync 2>/dev/null; sleep 1");
        var stack = new OpsStack { Name = "test" };
        stack.Hosts["machine"] = MemberLog.Ssh(machine);
        stack.Services["api"] = new StackService { Manager = ServiceManagerKind.Systemd, Unit = unit + ".service", Host = "machine" };
        var output = new RecordedOutput();

        Assert.Equal("Log.NotAccessLog", (await Assert.ThrowsAsync<OpsException>(() => MeasureAsync(stack, output))).Id);
        Assert.Contains(unit, Assert.Single(output.Warnings), StringComparison.Ordinal);
    }

    private static async Task<AccessLogMeasurement?> MeasureAsync(OpsStack stack, RecordedOutput output)
    {
        await using var session = new StackSession(stack);
        var sources = await LogSelection.OfMembersAsync(session, [], output, null, default);
        return await new AccessLogMeasure(new LogQuery(), null, 10, output).RunAsync(sources, default);
    }

    private static void Check(AccessLogMeasurement result)
    {
        Assert.Equal((3L, 1L, 1L, 1L, 30L, 0L), (result.Requests, result.ServerErrors, result.ClientErrors, result.TooManyRequests, result.Bytes, result.OtherLines));
        Assert.Equal([("GET", "/api/orders/<num>", 2L), ("POST", "/login", 1L)], result.TopRoutes.Select(route => (route.Method, route.Route, route.Requests)));
        Assert.Equal([("203.0.113.7", 2L), ("203.0.113.8", 1L)], result.TopClients.Select(client => (client.Address, client.Requests)));
        Assert.Equal(TimeSpan.FromMilliseconds(300), result.Longest);
    }
}
