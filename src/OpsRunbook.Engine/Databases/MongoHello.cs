using System.Buffers.Binary;
using System.Diagnostics;
using System.Security.Authentication;
using System.Text;
using OpsRunbook.Engine.Endpoints;

namespace OpsRunbook.Engine.Databases;

/// <summary>What a server of MongoDB answers to <c>hello</c>, before any login.</summary>
internal sealed record MongoHello
{
    private const int MaximumAnswerBytes = 1024 * 1024;
    private const int MessageOperation = 2013;

    /// <summary><c>primary</c>, <c>secondary</c>, <c>arbiter</c>, <c>router</c> or <c>single</c>; null for a member of a set that is none of them now.</summary>
    public string? Role { get; private init; }

    /// <summary>Name of its replica set; null for none.</summary>
    public string? SetName { get; private init; }

    /// <summary>What it says about itself that is none of these; null for nothing.</summary>
    public string? Says { get; private init; }

    /// <summary>Version of TLS, such as <c>TLSv1.3</c>; null for an open connection.</summary>
    public string? Tls { get; private init; }

    /// <summary>From the beginning of the connection to the answer.</summary>
    public TimeSpan Latency { get; private init; }

    /// <summary>Connects, asks, and waits no longer than the target's limit.</summary>
    /// <param name="target">Where the server is.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The answer.</returns>
    /// <exception cref="OpsException">
    /// The server cannot be reached; <c>Db.TlsRequired</c> and the TLS causes; <c>Db.TooManyConnections</c>; <c>Db.ProtocolError</c>; <c>Db.Failed</c>.
    /// </exception>
    public static Task<MongoHello> ReadAsync(DatabaseTarget target, CancellationToken cancellationToken) => Deadline.RunAsync(
        target.Timeout,
        token => AskAsync(target, token),
        () => DatabaseErrors.FromEndpoint(EndpointErrors.Timeout(target.Text, target.Timeout, "answer")),
        cancellationToken);

    /// <summary>Opens a connection, encrypted where the target demands it.</summary>
    /// <param name="target">Where the server is.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The stream and the version of TLS.</returns>
    public static async Task<(Stream Stream, string? Tls)> ConnectAsync(DatabaseTarget target, CancellationToken cancellationToken)
    {
        var stream = await target.ConnectAsync(cancellationToken);
        return target.RequiredTls is { } options ? await EncryptAsync(stream, target, options, cancellationToken) : (stream, null);
    }

    private static async Task<(Stream Stream, string? Tls)> EncryptAsync(Stream stream, DatabaseTarget target, TlsOptions options, CancellationToken cancellationToken)
    {
        try
        {
            var tls = (await TlsSession.OpenAsync(stream, target.Text, options, cancellationToken)).Stream;
            return (tls, tls.SslProtocol switch
            {
                SslProtocols.Tls13 => "TLSv1.3",
                SslProtocols.Tls12 => "TLSv1.2",
                var other => other.ToString(),
            });
        }
        catch (OpsException error)
        {
            throw DatabaseErrors.FromEndpoint(error);
        }
    }

    private static async Task<MongoHello> AskAsync(DatabaseTarget target, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        var (stream, tls) = await ConnectAsync(target, cancellationToken);
        try
        {
            await using var open = stream;
            await stream.WriteAsync(Question(), cancellationToken);
            if (await ReadAnswerAsync(stream, cancellationToken) is { } answer)
            {
                return answer.GetValueOrDefault("ok") is 1.0
                    ? From(answer) with { Tls = tls, Latency = Stopwatch.GetElapsedTime(start) }
                    : throw DatabaseErrors.Failed(target.Text, answer.GetValueOrDefault("errmsg") as string ?? "hello was refused");
            }
        }
        catch (Exception error) when (error is IOException or InvalidDataException or ArgumentOutOfRangeException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw DatabaseErrors.Protocol(target.Text, "MongoDB", error.Message, error);
        }

        throw await WhyClosedAsync(target, cancellationToken);
    }

    private static MongoHello From(Dictionary<string, object?> answer)
    {
        var set = answer.GetValueOrDefault("setName") as string;
        return new MongoHello
        {
            SetName = set,
            Says = answer.GetValueOrDefault("info") as string,
            Role = answer.GetValueOrDefault("msg") is "isdbgrid" ? "router"
                : answer.GetValueOrDefault("arbiterOnly") is true ? "arbiter"
                : answer.GetValueOrDefault("secondary") is true ? "secondary"
                : answer.GetValueOrDefault("isWritablePrimary") is true ? set is null ? "single" : "primary"
                : null,
        };
    }

    // A server that takes encrypted connections only hangs up on an open one, and one that is full hangs up on everybody.
    private static async Task<OpsException> WhyClosedAsync(DatabaseTarget target, CancellationToken cancellationToken)
    {
        if (target.RequiredTls is not null)
        {
            return MongoErrors.ClosedAtOnce(target, null);
        }

        try
        {
            var (stream, _) = await EncryptAsync(await target.ConnectAsync(cancellationToken), target, new TlsOptions(target.Server) { Insecure = true }, cancellationToken);
            await stream.DisposeAsync();
            return MongoErrors.TlsRequired(target);
        }
        catch (OpsException error)
        {
            return MongoErrors.ClosedAtOnce(target, error);
        }
    }

    private static byte[] Question()
    {
        using var body = new MemoryStream();
        using var writer = new BinaryWriter(body, Encoding.UTF8);
        writer.Write(0);
        writer.Write((byte)0x10);
        writer.Write("hello\0"u8);
        writer.Write(1);
        writer.Write((byte)0x02);
        writer.Write("$db\0"u8);
        writer.Write(6);
        writer.Write("admin\0"u8);
        writer.Write((byte)0);
        var document = body.ToArray();
        BinaryPrimitives.WriteInt32LittleEndian(document, document.Length);

        var message = new byte[16 + 5 + document.Length];
        BinaryPrimitives.WriteInt32LittleEndian(message, message.Length);
        BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(4), 1);
        BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(12), MessageOperation);
        document.CopyTo(message, 21);
        return message;
    }

    // Null when the connection was closed before the first byte.
    private static async Task<Dictionary<string, object?>?> ReadAnswerAsync(Stream stream, CancellationToken cancellationToken)
    {
        var head = new byte[16];
        try
        {
            if (await stream.ReadAtLeastAsync(head, 1, throwOnEndOfStream: false, cancellationToken) is var count && count == 0)
            {
                return null;
            }

            await stream.ReadExactlyAsync(head.AsMemory(count), cancellationToken);
        }
        catch (IOException error) when (error is not EndOfStreamException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return null;
        }

        var length = BinaryPrimitives.ReadInt32LittleEndian(head);
        if (length is < 26 or > MaximumAnswerBytes || BinaryPrimitives.ReadInt32LittleEndian(head.AsSpan(12)) != MessageOperation)
        {
            throw new InvalidDataException("the first message is none of its protocol.");
        }

        var message = new byte[length - 16];
        await stream.ReadExactlyAsync(message, cancellationToken);
        return Fields(message.AsSpan(5));
    }

    /// <summary>The simple fields of a document's first level; others are passed over, and reading stops at a type that has no simple length.</summary>
    private static Dictionary<string, object?> Fields(ReadOnlySpan<byte> document)
    {
        var fields = new Dictionary<string, object?>(StringComparer.Ordinal);
        var at = 4;
        while (at < document.Length && document[at] != 0)
        {
            var type = document[at++];
            var end = document[at..].IndexOf((byte)0);
            var name = Encoding.UTF8.GetString(document.Slice(at, end));
            at += end + 1;
            var rest = document[at..];
            var size = type switch
            {
                0x01 or 0x09 or 0x11 or 0x12 => 8,
                0x02 => 4 + BinaryPrimitives.ReadInt32LittleEndian(rest),
                0x03 or 0x04 => BinaryPrimitives.ReadInt32LittleEndian(rest),
                0x05 => 5 + BinaryPrimitives.ReadInt32LittleEndian(rest),
                0x07 => 12,
                0x08 => 1,
                0x0a => 0,
                0x10 => 4,
                _ => -1,
            };
            if (size < 0)
            {
                break;
            }

            var value = rest[..size];
            fields[name] = type switch
            {
                0x01 => BinaryPrimitives.ReadDoubleLittleEndian(value),
                0x02 => Encoding.UTF8.GetString(value[4..^1]),
                0x08 => value[0] != 0,
                0x10 => (double)BinaryPrimitives.ReadInt32LittleEndian(value),
                _ => null,
            };
            at += size;
        }

        return fields;
    }
}
