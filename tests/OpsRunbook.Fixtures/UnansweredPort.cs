using System.Net;
using System.Net.Sockets;

namespace OpsRunbook.Fixtures;

/// <summary>
/// A loopback port on which connections are neither accepted nor refused, as behind a firewall that
/// drops: its queue is full. Addresses that lead nowhere do not do this on every network.
/// </summary>
public sealed class UnansweredPort : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly List<Socket> _queue = [];

    /// <summary>Opens the port and fills its queue.</summary>
    public UnansweredPort()
    {
        Port = TestRun.FreePort();
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, Port));
        _listener.Listen(0);
        while (true)
        {
            var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            _queue.Add(client);
            if (!client.ConnectAsync(IPAddress.Loopback, Port).Wait(TimeSpan.FromMilliseconds(300)))
            {
                return;
            }
        }
    }

    /// <summary>The port.</summary>
    public int Port { get; }

    /// <summary>Closes the port.</summary>
    public void Dispose()
    {
        _queue.ForEach(client => client.Dispose());
        _listener.Dispose();
    }
}
