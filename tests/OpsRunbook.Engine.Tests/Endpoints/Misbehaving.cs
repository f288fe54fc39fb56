using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace OpsRunbook.Engine.Tests.Endpoints;

/// <summary>A small TCP server that does with each connection what the test says.</summary>
#pragma warning disable CA1001 // The token source is left to the collector: connections may still look at it.
internal sealed class Misbehaving : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private int _open;

    public Misbehaving(Func<Stream, CancellationToken, Task> serve, X509Certificate2? certificate = null, SslProtocols protocols = SslProtocols.None)
    {
        _listener.Start(4096);
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _ = AcceptAsync(serve, certificate, protocols);
    }

    public int Port { get; }

    public int Accepted { get; private set; }

    /// <summary>Connections that the client has not closed yet.</summary>
    public int Open => Volatile.Read(ref _open);

    public Uri Url => new($"http://127.0.0.1:{Port}/");

    public Uri TlsUrl => new($"https://localhost:{Port}/");

    /// <summary>Takes everything and answers nothing.</summary>
    public static Misbehaving Silent() => new((stream, token) => stream.CopyToAsync(Stream.Null, token));

    /// <summary>Answers every request with the same text, and closes.</summary>
    public static Misbehaving Answering(string answer, X509Certificate2? certificate = null) => new(
        async (stream, token) =>
        {
            await ReadRequestAsync(stream, token);
            await stream.WriteAsync(Encoding.Latin1.GetBytes(answer), token);
        },
        certificate);

    public static async Task<string> ReadRequestAsync(Stream stream, CancellationToken token)
    {
        var request = new StringBuilder();
        var buffer = new byte[4096];
        while (!request.ToString().Contains("\r\n\r\n", StringComparison.Ordinal))
        {
            var count = await stream.ReadAsync(buffer, token);
            if (count == 0)
            {
                break;
            }

            request.Append(Encoding.Latin1.GetString(buffer, 0, count));
        }

        return request.ToString();
    }

    public async ValueTask DisposeAsync()
    {
        // A test may end the server before its own end.
        await _stop.CancelAsync();
        _listener.Dispose();
    }

    private async Task AcceptAsync(Func<Stream, CancellationToken, Task> serve, X509Certificate2? certificate, SslProtocols protocols)
    {
        while (!_stop.IsCancellationRequested)
        {
            TcpClient client;
            try
            {
                client = await _listener.AcceptTcpClientAsync(_stop.Token);
            }
            catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }

            Accepted++;
            _ = ServeAsync(client, serve, certificate, protocols);
        }
    }

    private async Task ServeAsync(TcpClient client, Func<Stream, CancellationToken, Task> serve, X509Certificate2? certificate, SslProtocols protocols)
    {
        Interlocked.Increment(ref _open);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        try
        {
            using (client)
            {
                _ = WatchAsync(client, ended);
                Stream stream = client.GetStream();
                if (certificate is not null)
                {
                    var tls = new SslStream(stream);
                    await tls.AuthenticateAsServerAsync(
                        new SslServerAuthenticationOptions { ServerCertificate = certificate, EnabledSslProtocols = protocols }, ended.Token);
                    stream = tls;
                }

                await serve(stream, ended.Token);
            }
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or AuthenticationException or ObjectDisposedException or SocketException)
        {
            // The client has gone, as it should sooner or later.
        }
        finally
        {
            Interlocked.Decrement(ref _open);
        }
    }

    // Tells a client that has closed from one that only says nothing.
    private static async Task WatchAsync(TcpClient client, CancellationTokenSource ended)
    {
        try
        {
            while (!ended.IsCancellationRequested)
            {
                if (client.Client.Poll(0, SelectMode.SelectRead) && client.Client.Available == 0)
                {
                    await ended.CancelAsync();
                    return;
                }

                await Task.Delay(20, ended.Token);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException or SocketException or NullReferenceException)
        {
            // The connection has ended.
        }
    }
}
