using System.Buffers.Binary;
using System.Text;

namespace OpsRunbook.Engine.Databases;

/// <summary>The first messages of the MySQL protocol: enough to know that the server is up, and what it is.</summary>
/// <param name="Product">Name and version.</param>
/// <param name="OffersTls">The server can encrypt.</param>
internal sealed record MySqlHandshake(string Product, bool OffersTls)
{
    private const int MaximumPacketBytes = 64 * 1024;
    private const uint ClientSsl = 0x0800;
    private const uint ClientCapabilities = 0x0000_0001 | 0x0000_0200 | 0x0000_8000 | 0x0008_0000; // long password, 4.1 protocol, secure connection, plugins

    /// <summary>The server is of the MariaDB family, not MySQL itself.</summary>
    public bool IsMariaDb => Product.StartsWith("MariaDB", StringComparison.Ordinal);

    /// <summary>Connects for the greeting alone.</summary>
    /// <param name="target">The server.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What the server says about itself.</returns>
    /// <exception cref="OpsException">The server does not answer, or as something else.</exception>
    public static async Task<MySqlHandshake> ReadAsync(DatabaseTarget target, CancellationToken cancellationToken)
    {
        await using var stream = await target.ConnectAsync(cancellationToken);
        return await ReadAsync(stream, target.Text, cancellationToken);
    }

    /// <summary>Reads the greeting.</summary>
    /// <param name="stream">A fresh connection.</param>
    /// <param name="target">The server, for messages.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What the server says about itself.</returns>
    public static async Task<MySqlHandshake> ReadAsync(Stream stream, string target, CancellationToken cancellationToken)
    {
        try
        {
            var (packet, _) = await ReadPacketAsync(stream, target, cancellationToken);
            if (packet is [0xff, ..])
            {
                throw Refused(packet, target);
            }

            var end = packet.AsSpan(1).IndexOf((byte)0);
            if (packet[0] != 10 || end < 1 || packet.Length < end + 18)
            {
                throw DatabaseErrors.Protocol(target, "MySQL", "the greeting is none of its protocol.");
            }

            var version = Encoding.UTF8.GetString(packet, 1, end);
            var flags = BinaryPrimitives.ReadUInt16LittleEndian(packet.AsSpan(end + 15));
            return new MySqlHandshake(Name(version), (flags & ClientSsl) != 0);
        }
        catch (IOException error)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw DatabaseErrors.Protocol(target, "MySQL", error.Message, error);
        }
    }

    /// <summary>
    /// Ends the handshake as a user that does not exist. Servers count connections that are dropped
    /// without an answer against the client's address, and lock it out in the end.
    /// </summary>
    /// <param name="stream">The connection, after <see cref="ReadAsync"/>.</param>
    /// <param name="target">The server, for messages.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="encrypted">TLS was asked for, which took a packet of its own.</param>
    /// <returns>A task that ends when the server has answered.</returns>
    public static async Task DeclineAsync(Stream stream, string target, CancellationToken cancellationToken, bool encrypted = false)
    {
        var login = "opsrunbook\0\0mysql_native_password\0"u8;
        var body = new byte[32 + login.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(body, encrypted ? ClientCapabilities | ClientSsl : ClientCapabilities);
        BinaryPrimitives.WriteUInt32LittleEndian(body.AsSpan(4), MaximumPacketBytes);
        body[8] = 45;
        login.CopyTo(body.AsSpan(32));
        try
        {
            await WritePacketAsync(stream, (byte)(encrypted ? 2 : 1), body, cancellationToken);
            var (answer, sequence) = await ReadPacketAsync(stream, target, cancellationToken);
            if (answer is [0xfe, ..])
            {
                await WritePacketAsync(stream, (byte)(sequence + 1), default, cancellationToken);
                await ReadPacketAsync(stream, target, cancellationToken);
            }
        }
        catch (IOException)
        {
            // The greeting has told what there is to know; how the server says goodbye does not matter.
        }
    }

    /// <summary>Asks for TLS. The handshake begins with the next byte.</summary>
    /// <param name="stream">The connection, after <see cref="ReadAsync"/>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>A task.</returns>
    public static async Task RequestTlsAsync(Stream stream, CancellationToken cancellationToken)
    {
        var body = new byte[32];
        BinaryPrimitives.WriteUInt32LittleEndian(body, ClientCapabilities | ClientSsl);
        BinaryPrimitives.WriteUInt32LittleEndian(body.AsSpan(4), MaximumPacketBytes);
        body[8] = 45;
        await WritePacketAsync(stream, 1, body, cancellationToken);
    }

    /// <summary>The failure behind an error code of the server.</summary>
    /// <param name="code">Its number.</param>
    /// <param name="says">Its text.</param>
    /// <param name="target">The server.</param>
    /// <param name="user">Who logged in; null when no login was tried.</param>
    /// <param name="database">The database that was asked for; null for none.</param>
    /// <returns>An exception to throw.</returns>
    public static OpsException FromCode(int code, string says, string target, string? user, string? database) => code switch
    {
        1040 or 1203 or 1226 => DatabaseErrors.TooManyConnections(target, says),
        1044 or 1045 or 1130 or 1698 => DatabaseErrors.LoginRefused(target, user, says),
        1049 => DatabaseErrors.DatabaseMissing(target, database, says),
        1142 or 1143 or 1227 or 1370 => DatabaseErrors.Forbidden(target, user, says),
        1053 or 1077 or 1079 => DatabaseErrors.Starting(target, says),
        1129 => new OpsException(
            "Db.HostBlocked", OpsErrorKind.PermissionDenied, $"{target} has locked out this address: {says}", "Run FLUSH HOSTS on the server.", target),
        _ => DatabaseErrors.Failed(target, $"{says} ({code})"),
    };

    private static OpsException Refused(byte[] packet, string target)
    {
        var code = packet.Length >= 3 ? BinaryPrimitives.ReadUInt16LittleEndian(packet.AsSpan(1)) : 0;
        var text = packet.AsSpan(Math.Min(3, packet.Length));
        return FromCode(code, Encoding.UTF8.GetString(text is [(byte)'#', _, _, _, _, _, ..] ? text[6..] : text), target, null, null);
    }

    private static string Name(string version)
    {
        // Servers of the MariaDB family say 5.5.5-10.11.6-MariaDB so that old replicas accept them.
        var number = version.StartsWith("5.5.5-", StringComparison.Ordinal) ? version[6..] : version;
        return version.Contains("MariaDB", StringComparison.OrdinalIgnoreCase) ? $"MariaDB {number.Split('-')[0]}" : $"MySQL {number.Split('-')[0]}";
    }

    private static async Task<(byte[] Packet, byte Sequence)> ReadPacketAsync(Stream stream, string target, CancellationToken cancellationToken)
    {
        var head = new byte[4];
        await stream.ReadExactlyAsync(head, cancellationToken);
        var length = head[0] | (head[1] << 8) | (head[2] << 16);
        if (length is 0 or > MaximumPacketBytes)
        {
            throw DatabaseErrors.Protocol(target, "MySQL", "the first packet has an impossible length.");
        }

        var packet = new byte[length];
        await stream.ReadExactlyAsync(packet, cancellationToken);
        return (packet, head[3]);
    }

    private static async Task WritePacketAsync(Stream stream, byte sequence, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var packet = new byte[4 + body.Length];
        packet[0] = (byte)body.Length;
        packet[1] = (byte)(body.Length >> 8);
        packet[3] = sequence;
        body.CopyTo(packet.AsMemory(4));
        await stream.WriteAsync(packet, cancellationToken);
    }
}
