using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Endpoints;

/// <summary>Asks for an upgrade to WebSocket (RFC 6455) and, on request, sees whether the connection stays open when idle.</summary>
internal static class WebSocketProbe
{
    private const int MaximumHeadBytes = 64 * 1024;

    /// <summary>Connects, asks, verifies the answer and waits.</summary>
    /// <param name="host">Where the connection starts.</param>
    /// <param name="address">A <c>ws</c> or <c>wss</c> address.</param>
    /// <param name="conditions">Timeout, trust, idle time.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The reading.</returns>
    public static Task<EndpointReading> UpgradeAsync(IHost host, EndpointAddress address, EndpointConditions conditions, CancellationToken cancellationToken)
    {
        var target = EndpointErrors.HostPort(address.Host, address.Port);
        var phase = "accept a connection";
        return Deadline.RunAsync(
            conditions.Timeout + (conditions.Idle ?? TimeSpan.Zero),
            async token =>
            {
                var start = Stopwatch.GetTimestamp();
                await using var connection = await Connection.OpenAsync(host, address.Host, address.Port, token);
                var stream = connection.Stream;
                TlsSession? tls = null;
                if (address.Url!.Scheme == "wss")
                {
                    phase = "complete the TLS handshake";
                    var options = new TlsOptions(address.Host) { Insecure = conditions.Insecure, CaFile = conditions.CaFile };
                    tls = await TlsSession.OpenAsync(stream, target, options, token);
                    stream = tls.Stream;
                }

                await using var encrypted = stream;
                phase = "answer the upgrade";
                var sent = Stopwatch.GetTimestamp();
                var key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(16));
                var (statusCode, fault, rest) = await AskAsync(stream, address, target, key, conditions.Timeout, token);
                var timings = connection.Timings(start, tls?.Handshake, Stopwatch.GetElapsedTime(sent));
                TimeSpan? waited = null;
                if (fault is null && conditions.Idle is { } idle)
                {
                    (fault, waited) = await StayAsync(stream, rest, idle, token);
                }

                var stayed = waited is { } time ? $", still open after {Duration.Format(time)} without traffic" : string.Empty;
                return new EndpointReading($"upgraded{stayed}", timings with { Total = Stopwatch.GetElapsedTime(start) })
                {
                    StatusCode = statusCode,
                    RemoteAddress = connection.RemoteAddress?.ToString(),
                    CertificateExpires = tls?.Chain is [var leaf, ..] ? leaf.NotAfter.ToUniversalTime() : null,
                    Fault = fault,
                    Waited = waited,
                };
            },
            () => EndpointErrors.Timeout(target, conditions.Timeout, phase),
            cancellationToken);
    }

    private static async Task<(int StatusCode, (string Reason, string Message)? Fault, ReadOnlyMemory<byte> Early)> AskAsync(
        Stream stream,
        EndpointAddress address,
        string target,
        string key,
        TimeSpan timeout,
        CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        try
        {
            var url = address.Url!;
            var request = $"GET {url.PathAndQuery} HTTP/1.1\r\nHost: {url.Authority}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + $"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nOrigin: {(url.Scheme == "wss" ? "https" : "http")}://{url.Authority}\r\nUser-Agent: OpsRunbook\r\n"
                + Authorization(url) + "\r\n";
            await stream.WriteAsync(Encoding.ASCII.GetBytes(request), limit.Token);
            var (head, rest) = await ReadHeadAsync(stream, target, limit.Token);
            var lines = head.Split("\r\n");
            if (lines[0].Split(' ', 3) is not [['H', 'T', 'T', 'P', '/', ..], var code, ..] || !int.TryParse(code, out var status))
            {
                throw EndpointErrors.ProtocolError(target, "did not answer with HTTP");
            }

            var headers = lines.Skip(1)
                .Select(line => line.Split(':', 2))
                .Where(pair => pair.Length == 2)
                .GroupBy(pair => pair[0].Trim(), StringComparer.OrdinalIgnoreCase)
                .ToDictionary(group => group.Key, group => string.Join(", ", group.Select(pair => pair[1].Trim())), StringComparer.OrdinalIgnoreCase);
            return (status, Fault(status, headers, key), rest);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw EndpointErrors.Timeout(target, timeout, "answer the upgrade");
        }
        catch (IOException error)
        {
            throw EndpointErrors.ProtocolError(target, "closed the connection without answering the upgrade", error);
        }
    }

    private static (string Reason, string Message)? Fault(int status, Dictionary<string, string> headers, string key)
    {
        if (status != 101)
        {
            var hint = status is 200 or 400 or 404 or 426
                ? "; a proxy in between may not pass on the headers Upgrade and Connection (nginx: proxy_http_version 1.1, proxy_set_header Upgrade $http_upgrade, Connection \"upgrade\")"
                : string.Empty;
            var location = headers.TryGetValue("Location", out var to) ? $" (redirects to {to})" : string.Empty;
            return ("Endpoint.NotUpgraded", $"answered {status} instead of 101{location}{hint}");
        }

        foreach (var (name, value) in new[] { ("Upgrade", "websocket"), ("Connection", "upgrade") })
        {
            var present = headers.GetValueOrDefault(name, string.Empty).Split(',', StringSplitOptions.TrimEntries);
            if (!present.Contains(value, StringComparer.OrdinalIgnoreCase))
            {
                return ("Endpoint.UpgradeHeaderMissing", $"answered 101 without '{name}: {value}', which clients insist on; a proxy in between may remove it");
            }
        }

        return headers.GetValueOrDefault("Sec-WebSocket-Accept") == Accept(key)
            ? null
            : ("Endpoint.UpgradeKeyWrong", "answered 101 with a wrong Sec-WebSocket-Accept: what answers is no WebSocket server, or a cache in between repeats an old answer");
    }

#pragma warning disable CA5350 // RFC 6455 prescribes SHA-1 here; it proves only that the server understood the request.
    private static string Accept(string key) => Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
#pragma warning restore CA5350

    private static async Task<(string Head, ReadOnlyMemory<byte> Early)> ReadHeadAsync(Stream stream, string target, CancellationToken cancellationToken)
    {
        var buffer = new byte[4096];
        var read = 0;
        while (true)
        {
            var end = buffer.AsSpan(0, read).IndexOf("\r\n\r\n"u8);
            if (end >= 0)
            {
                return (Encoding.Latin1.GetString(buffer, 0, end), buffer.AsMemory(end + 4, read - end - 4));
            }

            if (read == buffer.Length)
            {
                if (read >= MaximumHeadBytes)
                {
                    throw EndpointErrors.ProtocolError(target, $"sent more than {MaximumHeadBytes / 1024} KB of response headers");
                }

                Array.Resize(ref buffer, buffer.Length * 2);
            }

            var count = await stream.ReadAsync(buffer.AsMemory(read), cancellationToken);
            read += count > 0 ? count : throw new EndOfStreamException();
        }
    }

    /// <summary>Waits while the connection is idle. What the server sends meanwhile is read; its pings are answered, since a client that does not is cut off.</summary>
    private static async Task<((string Reason, string Message)? Fault, TimeSpan Waited)> StayAsync(
        Stream stream,
        ReadOnlyMemory<byte> rest,
        TimeSpan idle,
        CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(idle);
        try
        {
            var frames = new WebSocketFrames(stream, rest);
            while (true)
            {
                var (operation, payload) = await frames.ReadAsync(limit.Token);
                if (operation == WebSocketFrames.Close)
                {
                    var code = payload.Length >= 2 ? $" with code {(payload.Span[0] << 8) | payload.Span[1]}" : string.Empty;
                    return (("Endpoint.IdleClosed", $"closed the idle WebSocket{code} after {Duration.Format(Stopwatch.GetElapsedTime(start))}"), Stopwatch.GetElapsedTime(start));
                }

                if (operation == WebSocketFrames.Ping)
                {
                    await frames.PongAsync(payload, limit.Token);
                }
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (null, Stopwatch.GetElapsedTime(start));
        }
        catch (Exception error) when (error is IOException or InvalidDataException)
        {
            var waited = Stopwatch.GetElapsedTime(start);
            return (("Endpoint.IdleClosed", $"cut off the idle WebSocket after {Duration.Format(waited)}; compare with the proxy's idle timeout (nginx: proxy_read_timeout)"), waited);
        }
    }

    private static string Authorization(Uri url) => url.UserInfo.Length == 0
        ? string.Empty
        : $"Authorization: Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(url.UserInfo)))}\r\n";
}
