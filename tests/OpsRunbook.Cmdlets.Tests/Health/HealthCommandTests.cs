using System.Collections;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using OpsRunbook.ConsoleRunner;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Cmdlets.Tests.Health;

public sealed class HealthCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("opsrunbook-").FullName;
    private readonly TcpListener _listener = new(IPAddress.Loopback, TestRun.FreePort());
    private readonly StringWriter _error = new();

    public HealthCommandTests()
    {
        _listener.Start();
        File.WriteAllText(StackFile, $$"""
            stack: shop
            services:
              api: { ports: [{{Port}}], dependsOn: [worker] }
              worker: { health: { command: [sh, -c, "echo broken; exit 1"] } }
              odd name: { health: { command: ["true"] } }
            """);
    }

    private string StackFile => Path.Combine(_folder, "shop.yaml");

    private int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public void Dispose()
    {
        _listener.Dispose();
        _error.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void The_exit_code_is_the_worst_status()
    {
        var (good, output) = Run("Get-ServiceHealth", "api", "-Stack", StackFile, "-OutputFormat", "Json");
        var (bad, _) = Run("Get-ServiceHealth", "-Kind", "Service", "-Stack", StackFile);

        Assert.Equal((0, 2), (good, bad));
        using var json = JsonDocument.Parse(output);
        var member = Assert.Single(json.RootElement.EnumerateArray());
        Assert.Equal(("api", "Healthy", "shop"), (member.GetProperty("Name").GetString(), member.GetProperty("Status").GetString(), member.GetProperty("Stack").GetString()));
    }

    [Fact]
    public void Names_of_the_pipeline_are_checked_and_a_wrong_one_is_an_error()
    {
        var (code, output) = Run(["Get-ServiceHealth", "-", "-Stack", StackFile, "-OutputFormat", "Csv"], """[{"Name":"worker"},"ap*","wrker"]""");

        Assert.Contains("worker", output, StringComparison.Ordinal);
        Assert.Contains("api", output, StringComparison.Ordinal);
        Assert.DoesNotContain("odd name", output, StringComparison.Ordinal);
        Assert.Contains("Did you mean 'worker'?", _error.ToString(), StringComparison.Ordinal);
        Assert.Equal(2, code);
    }

    [Fact]
    public void An_address_is_checked_without_a_stack()
    {
        var uri = $"tcp://127.0.0.1:{Port}";
        var (open, _) = Run("Get-ServiceHealth", "-Uri", uri);
        _listener.Stop();
        var (closed, output) = Run("Get-ServiceHealth", "-Uri", uri, "-OutputFormat", "Json");

        Assert.Equal((0, 2), (open, closed));
        Assert.Contains("Endpoint.PortClosed", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Health.ParameterInvalid", "-Watch", "-RetryFor", "5s")]
    [InlineData("Health.ParameterInvalid", "-For", "5s")]
    [InlineData("Health.ParameterInvalid", "-Every", "5s")]
    [InlineData("Parameter.OutOfRange", "-Timeout", "0s")]
    public void Parameters_that_make_no_sense_are_refused(string id, params string[] arguments)
    {
        Run(["Get-ServiceHealth", "-Stack", StackFile, .. arguments]);

        Assert.Contains(id, _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_watch_ends_after_its_time()
    {
        var (code, output) = Run("Get-ServiceHealth", "api", "-Stack", StackFile, "-Watch", "-Every", "100ms", "-For", "500ms", "-OutputFormat", "NdJson");

        Assert.Equal(0, code);
        Assert.Single(output.Trim().Split('\n'));
    }

    [Theory]
    [InlineData("Nagios", "CRITICAL - ")]
    [InlineData("JUnit", "<?xml")]
    [InlineData("Prometheus", "# HELP opsrunbook_health_status")]
    public void Results_become_reports(string format, string beginning)
    {
        var (_, results) = Run("Get-ServiceHealth", "-Kind", "Service", "-Stack", StackFile, "-OutputFormat", "NdJson");

        var (code, report) = Run(["ConvertTo-HealthReport", "-As", format], results);

        Assert.StartsWith(beginning, report, StringComparison.Ordinal);
        Assert.Contains("worker", report, StringComparison.Ordinal);
        Assert.Equal(2, code);
    }

    [Fact]
    public void What_is_no_health_result_is_an_error()
    {
        Run(["ConvertTo-HealthReport", "-As", "Nagios"], """[{"a":1}]""");

        Assert.Contains("Health.InputInvalid", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Metrics_without_a_page_are_an_error()
    {
        Run("Get-AppMetric", "-Stack", StackFile);
        Run("Get-AppMetric", "-Stack", StackFile, "-Service", "apj");
        Run("Get-AppMetric", "-Uri", "http://127.0.0.1:1/", "-Over", "1s", "-Every", "2s");

        var said = _error.ToString();
        Assert.Contains("Metric.NoSource", said, StringComparison.Ordinal);
        Assert.Contains("Did you mean 'api'?", said, StringComparison.Ordinal);
        Assert.Contains("Metric.ParameterInvalid", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_metric_that_no_page_has_is_an_error_with_the_nearest()
    {
        var serving = ServeAsync("heap_bytes 5\nup 1\n");

        var (_, output) = await Task.Run(() => Run("Get-AppMetric", "up,heap_byte", "-Uri", $"http://127.0.0.1:{Port}/metrics", "-OutputFormat", "Json"));
        await serving;

        using var json = JsonDocument.Parse(output);
        Assert.Equal("up", Assert.Single(json.RootElement.EnumerateArray()).GetProperty("Name").GetString());
        Assert.Contains("Did you mean 'heap_bytes'?", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Members_of_the_stack_file_are_completed_and_a_broken_file_completes_nothing()
    {
        var completer = new StackMemberCompleter();
        var names = completer.Complete(new Hashtable { ["Stack"] = StackFile });
        File.WriteAllText(StackFile, "services: [");
        var none = completer.Complete(new Hashtable { ["Stack"] = StackFile });

        Assert.Equal(["api", "worker", "odd name", "local"], names);
        Assert.Empty(none);
    }

    private async Task ServeAsync(string page)
    {
        using var client = await _listener.AcceptTcpClientAsync();
        await using var stream = client.GetStream();
        Assert.NotEqual(0, await stream.ReadAtLeastAsync(new byte[4096], 1));
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {page.Length}\r\n\r\n{page}"));
    }

    private (int Code, string Output) Run(params string[] arguments) => Run(arguments, null);

    private (int Code, string Output) Run(string[] arguments, string? input)
    {
        using var output = new StringWriter { NewLine = "\n" };
        var code = OpsRunbookConsole.Run(arguments, new Terminal
        {
            Out = output,
            Error = _error,
            OpenInput = () => input is null ? TextReader.Null : new StringReader(input),
            InputMayHoldItems = input is not null,
        });
        return (code, output.ToString());
    }
}
