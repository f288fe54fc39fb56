using System.Diagnostics;
using System.Text;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Endpoints;

/// <summary>Reads the greeting of an SSH server (RFC 4253, 4.2).</summary>
internal static class SshProbe
{
    private const int MaximumBytes = 8 * 1024;

    /// <summary>Connects, says hello and waits for the server's version.</summary>
    /// <param name="host">Where the connection starts.</param>
    /// <param name="address">The server.</param>
    /// <param name="timeout">Longest time.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The reading.</returns>
    public static Task<EndpointReading> ReadBannerAsync(IHost host, EndpointAddress address, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var target = EndpointErrors.HostPort(address.Host, address.Port);
        var phase = "accept a connection";
        return Deadline.RunAsync(
            timeout,
            async token =>
            {
                var start = Stopwatch.GetTimestamp();
                await using var connection = await Connection.OpenAsync(host, address.Host, address.Port, token);
                phase = "greet as an SSH server does";
                var connected = Stopwatch.GetTimestamp();
                try
                {
                    await connection.Stream.WriteAsync("SSH-2.0-OpsRunbook\r\n"u8.ToArray(), token);
                    var banner = await ReadAsync(connection.Stream, target, token);
                    return new EndpointReading(banner, connection.Timings(start, null, Stopwatch.GetElapsedTime(connected)))
                    {
                        RemoteAddress = connection.RemoteAddress?.ToString(),
                    };
                }
                catch (IOException error)
                {
                    throw EndpointErrors.ProtocolError(target, "closed the connection without a greeting", error);
                }
            },
            () => EndpointErrors.Timeout(target, timeout, phase),
            cancellationToken);
    }

    private static async Task<string> ReadAsync(Stream stream, string target, CancellationToken cancellationToken)
    {
        var buffer = new byte[MaximumBytes];
        var read = 0;
        while (read < buffer.Length)
        {
            var count = await stream.ReadAsync(buffer.AsMemory(read), cancellationToken);
            read += count;

            // Other lines may come before the version.
            var lines = Encoding.UTF8.GetString(buffer, 0, read).Split('\n');
            if (lines.SkipLast(1).FirstOrDefault(line => line.StartsWith("SSH-", StringComparison.Ordinal)) is { } banner)
            {
                return banner.TrimEnd('\r');
            }

            if (count == 0)
            {
                throw EndpointErrors.ProtocolError(target, "closed the connection without a greeting");
            }
        }

        throw EndpointErrors.ProtocolError(target, "does not greet as an SSH server does");
    }
}
