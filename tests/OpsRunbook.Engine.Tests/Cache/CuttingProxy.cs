using System.Net.Sockets;
using System.Text;
using OpsRunbook.Engine.Tests.Endpoints;

namespace OpsRunbook.Engine.Tests.Cache;

/// <summary>
/// Stands between a client and a server, and cuts the connection after a command has gone through to the server so many times,
/// before its reply comes back.
/// </summary>
internal sealed class CuttingProxy : IAsyncDisposable
{
    private readonly Misbehaving _listener;
    private readonly int _server;
    private readonly string _command;
    private readonly int _after;
    private int _seen;

    public CuttingProxy(int server, string command, int after)
    {
        (_server, _command, _after) = (server, $"\r\n{command}\r\n", after);
        _listener = new Misbehaving(RelayAsync);
    }

    public int Port => _listener.Port;

    /// <summary>The client's connection is reset, not closed.</summary>
    public bool Resets { get; init; }

    /// <summary>Looks for this text instead, in a protocol that is not Redis'.</summary>
    public string Text { init => _command = value; }

    /// <summary>Cuts nothing any more.</summary>
    public bool Passes { get; set; }

    /// <summary>Done when the server has what it was sent, before the client's connection ends.</summary>
    public Func<Task> Cutting { get; init; } = () => Task.CompletedTask;

    public ValueTask DisposeAsync() => _listener.DisposeAsync();

    private async Task RelayAsync(Stream client, CancellationToken cancellationToken)
    {
        using var server = new TcpClient();
        await server.ConnectAsync("127.0.0.1", _server, cancellationToken);
        await using var stream = server.GetStream();
        using var cut = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var back = BackAsync(stream, client, cut.Token);
        var buffer = new byte[16 * 1024];
        var tail = string.Empty;
        while (await client.ReadAsync(buffer, cancellationToken) is > 0 and var count)
        {
            var text = tail + Encoding.Latin1.GetString(buffer, 0, count);
            var found = text.Split(_command).Length - 1;
            tail = text[^Math.Min(text.Length, _command.Length - 1)..];
            if (found > 0 && !Passes && Interlocked.Add(ref _seen, found) > _after)
            {
                await cut.CancelAsync();
                await back;
                await stream.WriteAsync(buffer.AsMemory(0, count), cancellationToken);

                // The server does it, and nobody hears of it.
                await Task.Delay(200, cancellationToken);
                await Cutting();
                if (Resets)
                {
                    ((NetworkStream)client).Socket.LingerState = new LingerOption(true, 0);
                }

                return;
            }

            await stream.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
        }

        await cut.CancelAsync();
        await back;
    }

    private static async Task BackAsync(NetworkStream server, Stream client, CancellationToken cancellationToken)
    {
        try
        {
            await server.CopyToAsync(client, cancellationToken);
        }
        catch (Exception error) when (error is OperationCanceledException or IOException)
        {
            // Cut, as it should be.
        }
    }
}
