using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using OpsRunbook.Engine.Endpoints;

namespace OpsRunbook.Engine.Databases;

/// <summary>MongoDB: the <c>hello</c> command, which every server answers without login.</summary>
/// <param name="target">Where it is.</param>
internal sealed class MongoDbProbe(DatabaseTarget target) : IDatabaseProbe
{
    private const int MaximumAnswerBytes = 1024 * 1024;
    private const int MessageOperation = 2013;

    public async Task<DatabaseReading> ReadAsync(CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        var stream = await target.ConnectAsync(cancellationToken);
        await using var plain = stream;
        try
        {
            if (target.RequiredTls is { } tls)
            {
                stream = (await TlsSession.OpenAsync(stream, target.Text, tls, cancellationToken)).Stream;
            }

            await using var encrypted = stream;
            await stream.WriteAsync(Hello(), cancellationToken);
            var hello = await ReadAnswerAsync(stream, cancellationToken);
            var latency = Stopwatch.GetElapsedTime(start);
            if (hello.GetValueOrDefault("ok") is not 1.0)
            {
                throw DatabaseErrors.Failed(target.Text, hello.GetValueOrDefault("errmsg") as string ?? "hello was refused");
            }

            var set = hello.GetValueOrDefault("setName") is string name ? $" of {name}" : string.Empty;
            var role = (hello.GetValueOrDefault("isWritablePrimary"), hello.GetValueOrDefault("secondary"), hello.GetValueOrDefault("msg")) switch
            {
                (_, _, "isdbgrid") => "router",
                (true, _, _) => set.Length == 0 ? null : "primary" + set,
                (_, true, _) => "secondary" + set,
                _ => throw DatabaseErrors.Starting(target.Text, $"it is neither primary nor secondary{set}."),
            };
            return new DatabaseReading("MongoDB", latency)
            {
                Role = role,
                NotTried = target.HasLogin
                    ? new OpsException("Db.LoginNotSupported", OpsErrorKind.NotInstalled, "logging in to MongoDB is not supported yet.", null, target.Text)
                    : null,
            };
        }
        catch (OpsException error)
        {
            throw DatabaseErrors.FromEndpoint(error);
        }
        catch (Exception error) when (error is IOException or InvalidDataException or ArgumentOutOfRangeException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw DatabaseErrors.Protocol(target.Text, "MongoDB", error.Message, error);
        }
    }

    private static byte[] Hello()
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

    private static async Task<Dictionary<string, object?>> ReadAnswerAsync(Stream stream, CancellationToken cancellationToken)
    {
        var head = new byte[16];
        await stream.ReadExactlyAsync(head, cancellationToken);
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
