using System.Net;
using System.Net.Sockets;

namespace OpsRunbook.Cmdlets.Tests.Hosts;

public sealed class HostCommandTests
{
    [Fact]
    public void The_health_of_this_machine_needs_no_stack()
    {
        var sink = new TestSink();
        using var cmdlet = new GetHostHealthCommand { Sink = sink, Stack = new OpsStack { Name = "test" }, Sample = TimeSpan.FromMilliseconds(50) };
        Run(cmdlet);

        var health = Assert.IsType<HostHealth>(Assert.Single(sink.Objects));
        Assert.Equal("local", health.Host);
        Assert.NotNull(health.CpuPercent);
        Assert.Empty(sink.Errors);
    }

    [Fact]
    public void An_unreachable_host_is_unknown_and_an_unknown_one_an_error()
    {
        var sink = new TestSink();
        var stack = new OpsStack { Name = "test", Hosts = { ["dead"] = new StackHost { Ssh = "127.0.0.1:1" } } };
        using var cmdlet = new GetHostHealthCommand { Sink = sink, Stack = stack, HostName = ["dead", "daed"] };
        Run(cmdlet);

        Assert.Equal(HealthStatus.Unknown, Assert.IsType<HostHealth>(Assert.Single(sink.Objects)).Status);
        var error = Assert.Single(sink.Errors);
        Assert.Equal("Stack.HostUnknown", error.Id);
        Assert.Contains("'dead'", error.FullMessage, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(90_000)]
    public void A_sample_that_cannot_be_taken_is_refused(int seconds)
    {
        var sink = new TestSink();
        using var cmdlet = new GetTopProcessCommand { Sink = sink, Stack = new OpsStack(), Sample = TimeSpan.FromSeconds(seconds) };
        Run(cmdlet);

        Assert.Equal("Parameter.OutOfRange", Assert.Single(sink.Errors).Id);
        Assert.Empty(sink.Objects);
    }

    [Fact]
    public void The_top_processes_are_as_many_as_asked_for()
    {
        var sink = new TestSink();
        using var cmdlet = new GetTopProcessCommand { Sink = sink, Stack = new OpsStack(), By = "memory", First = 3, Sample = TimeSpan.FromMilliseconds(50) };
        Run(cmdlet);

        var usages = sink.Objects.Cast<ProcessUsage>().ToList();
        Assert.Equal(3, usages.Count);
        Assert.Equal(usages.OrderByDescending(usage => usage.MemoryBytes).Select(usage => usage.Pid), usages.Select(usage => usage.Pid));
    }

    [Fact]
    public void A_port_is_listed_with_its_holder_and_a_silent_one_is_an_error()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        var sink = new TestSink();
        var stack = new OpsStack { Services = { ["api"] = new StackService { Manager = ServiceManagerKind.Systemd, Ports = [port, 1] } } };
        using var cmdlet = new GetListeningPortCommand { Sink = sink, Stack = stack, Port = [port, 1], Protocol = "TCP" };
        Run(cmdlet);

        var listed = Assert.IsType<ListeningPort>(Assert.Single(sink.Objects));
        Assert.Equal((Environment.ProcessId, true), (listed.Pid, listed.Conflict));
        var error = Assert.Single(sink.Errors);
        Assert.Equal("Endpoint.PortClosed", error.Id);
        Assert.Contains("api", error.Message, StringComparison.Ordinal);
    }

    private static void Run(OpsCmdlet cmdlet)
    {
        cmdlet.RunBegin();
        cmdlet.RunProcess();
        cmdlet.RunEnd();
    }
}
