using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace OpsRunbook.Engine.Endpoints.Dns;

/// <summary>Asks one resolver: a datagram, again when it gets lost, and TCP when the answer does not fit.</summary>
internal static class DnsClient
{
    private const int MaximumDatagramBytes = 65_535;
    private const int Attempts = 3;

    /// <summary>Asks.</summary>
    /// <param name="resolver">Address and port.</param>
    /// <param name="name">The name.</param>
    /// <param name="type">The type.</param>
    /// <param name="timeout">Longest time for everything.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The answer, whatever its code.</returns>
    /// <exception cref="OpsException"><c>Dns.NameInvalid</c>, <c>Dns.Timeout</c>, <c>Dns.Unreachable</c>, <c>Dns.ProtocolError</c>.</exception>
    public static async Task<DnsAnswer> QueryAsync(IPEndPoint resolver, string name, DnsRecordType type, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var server = DnsResolvers.Text(resolver);
        try
        {
            return await Deadline.RunAsync(
                timeout,
                token => AskAsync(resolver, name, type, timeout / Attempts, token),
                () => new OpsException(
                    "Dns.Timeout",
                    OpsErrorKind.Timeout,
                    $"The resolver {server} did not answer within {Duration.Format(timeout)}.",
                    "Check that it is a resolver and that port 53 is open to it over UDP and TCP.",
                    server),
                cancellationToken);
        }
        catch (SocketException error)
        {
            throw new OpsException(
                "Dns.Unreachable",
                OpsErrorKind.Connection,
                $"The resolver {server} cannot be asked: {error.Message}.",
                "Check its address and port, and the route to it.",
                server,
                error);
        }
        catch (Exception error) when (error is InvalidDataException or IOException)
        {
            throw new OpsException(
                "Dns.ProtocolError",
                OpsErrorKind.InvalidData,
                $"The resolver {server} sent a damaged answer: {error.Message}",
                null,
                server,
                error);
        }
    }

    private static async Task<DnsAnswer> AskAsync(IPEndPoint resolver, string name, DnsRecordType type, TimeSpan each, CancellationToken cancellationToken)
    {
        var answer = await AskDatagramAsync(resolver, name, type, extended: true, each, cancellationToken);

        // Servers older than EDNS refuse what they do not know.
        if (answer.Code is DnsAnswer.FormatError or DnsAnswer.NotImplemented)
        {
            answer = await AskDatagramAsync(resolver, name, type, extended: false, each, cancellationToken);
        }

        return answer.Truncated ? await AskStreamAsync(resolver, name, type, cancellationToken) : answer;
    }

    private static async Task<DnsAnswer> AskDatagramAsync(
        IPEndPoint resolver,
        string name,
        DnsRecordType type,
        bool extended,
        TimeSpan each,
        CancellationToken cancellationToken)
    {
        var buffer = new byte[MaximumDatagramBytes];
        while (true)
        {
            // A socket of its own for each attempt: a new random port beside the random number.
            var question = Question(name, type, extended);
            using var socket = new Socket(resolver.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(each);
            var start = Stopwatch.GetTimestamp();
            try
            {
                await socket.ConnectAsync(resolver, limit.Token);
                await socket.SendAsync(question, limit.Token);
                while (true)
                {
                    var count = await socket.ReceiveAsync(buffer, limit.Token);
                    if (DnsMessage.Answers(buffer.AsSpan(0, count), question))
                    {
                        return DnsMessage.Read(buffer.AsSpan(0, count)) with { Latency = Stopwatch.GetElapsedTime(start) };
                    }
                }
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                // Lost on the way; ask again until the caller's time is up.
            }
        }
    }

    private static async Task<DnsAnswer> AskStreamAsync(IPEndPoint resolver, string name, DnsRecordType type, CancellationToken cancellationToken)
    {
        var question = Question(name, type, extended: true);
        var start = Stopwatch.GetTimestamp();
        using var socket = new Socket(resolver.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(resolver, cancellationToken);
        await using var stream = new NetworkStream(socket);
        var framed = new byte[question.Length + 2];
        BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)question.Length);
        question.CopyTo(framed, 2);
        await stream.WriteAsync(framed, cancellationToken);
        var length = new byte[2];
        await stream.ReadExactlyAsync(length, cancellationToken);
        var message = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
        await stream.ReadExactlyAsync(message, cancellationToken);
        return DnsMessage.Answers(message, question)
            ? DnsMessage.Read(message) with { Latency = Stopwatch.GetElapsedTime(start) }
            : throw new InvalidDataException("It belongs to another question.");
    }

    private static byte[] Question(string name, DnsRecordType type, bool extended) =>
        DnsMessage.Question((ushort)RandomNumberGenerator.GetInt32(ushort.MaxValue + 1), name, type, extended);
}
