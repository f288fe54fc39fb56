using System.Diagnostics;
using System.Net.Sockets;
using OpsRunbook.Engine.Endpoints;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Tests.Endpoints;

public sealed class PortForwardTests
{
    [Fact]
    public async Task Carries_both_ways_and_ends_both_ends_when_disposed()
    {
        await using var far = new Misbehaving((stream, token) => stream.CopyToAsync(stream, token));
        var forward = Forward(far);
        using var client = new TcpClient("127.0.0.1", forward.Port);
        var stream = client.GetStream();
        await stream.WriteAsync("hello"u8.ToArray());
        var answer = new byte[5];
        await stream.ReadExactlyAsync(answer);
        Assert.Equal("hello"u8.ToArray(), answer);
        await forward.DisposeAsync();
        Assert.Equal(0, await ReadToEndAsync(stream));
        await HttpProbeTests.EventuallyAsync(() => far is { Accepted: 1, Open: 0 });
    }

    [Fact]
    public async Task A_far_connection_that_fails_is_kept_as_the_reason()
    {
        await using var forward = new PortForward(token => new LocalHost().ConnectAsync("127.0.0.1", 1, token));
        using var client = new TcpClient("127.0.0.1", forward.Port);
        Assert.Equal(0, await ReadToEndAsync(client.GetStream()));
        Assert.Equal("Endpoint.PortClosed", forward.Failure?.Id);
    }

    [SkippableFact]
    public async Task Another_user_of_the_machine_is_not_let_through()
    {
        Skip.IfNot(Environment.UserName == "root" && File.Exists("/usr/bin/setpriv"), "Becoming another user needs root and setpriv.");
        await using var far = Misbehaving.Answering("secret");
        await using var forward = Forward(far);
        using var other = Process.Start(new ProcessStartInfo("/usr/bin/setpriv")
        {
            ArgumentList =
            {
                "--reuid=65534", "--regid=65534", "--clear-groups", "bash", "-c",
                $"exec 3<>/dev/tcp/127.0.0.1/{forward.Port} && printf 'x\\r\\n\\r\\n' >&3; echo connected; cat <&3",
            },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        })!;
        var said = await other.StandardOutput.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal("connected\n", said);
        Assert.Equal(0, far.Accepted);
    }

    private static PortForward Forward(Misbehaving far) => new(token => new LocalHost().ConnectAsync("127.0.0.1", far.Port, token));

    private static async Task<int> ReadToEndAsync(NetworkStream stream)
    {
        try
        {
            return await stream.ReadAsync(new byte[16]).AsTask().WaitAsync(TimeSpan.FromSeconds(5));
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
