using System.Text;
using OpsRunbook.Engine.Databases;
using OpsRunbook.Engine.Endpoints;

namespace OpsRunbook.Engine.Certificates;

/// <summary>Has a server that begins in plain text change to TLS.</summary>
internal static class StartTls
{
    private const int LongestLine = 4096;
    private const int MostLines = 100;

    /// <summary>The kinds that there are, besides <c>auto</c> and <c>none</c>.</summary>
    public static readonly IReadOnlyList<string> Kinds = ["smtp", "imap", "postgresql", "mysql", "ldap"];

    /// <summary>The kind that a port usually is.</summary>
    /// <param name="kind"><c>auto</c>, <c>none</c>, or one of <see cref="Kinds"/>.</param>
    /// <param name="port">TCP port.</param>
    /// <returns>One of <see cref="Kinds"/>; null for TLS from the first byte.</returns>
    public static string? Choose(string kind, int port) => kind switch
    {
        "none" => null,
        "auto" => port switch
        {
            25 or 587 => "smtp",
            143 => "imap",
            389 => "ldap",
            3306 => "mysql",
            5432 => "postgresql",
            _ => null,
        },
        _ => kind,
    };

    /// <summary>Asks for TLS. Afterwards the next byte belongs to the handshake.</summary>
    /// <param name="kind">One of <see cref="Kinds"/>.</param>
    /// <param name="stream">A fresh connection.</param>
    /// <param name="target">What it is connected to, for messages.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>A task.</returns>
    /// <exception cref="OpsException"><c>Endpoint.StartTlsRefused</c>, <c>Endpoint.ProtocolError</c>, or of the database.</exception>
    public static async Task BeginAsync(string kind, Stream stream, string target, CancellationToken cancellationToken)
    {
        try
        {
            await (kind switch
            {
                "smtp" => SmtpAsync(stream, target, cancellationToken),
                "imap" => ImapAsync(stream, target, cancellationToken),
                "postgresql" => PostgreSqlAsync(stream, target, cancellationToken),
                "mysql" => MySqlAsync(stream, target, cancellationToken),
                _ => LdapAsync(stream, target, cancellationToken),
            });
        }
        catch (IOException error)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw EndpointErrors.ProtocolError(target, $"closed the connection before TLS could be asked for by {kind} ({error.GetBaseException().Message})", error);
        }
    }

    /// <summary>Takes leave, so that the server does not count a broken connection against this address. Whether it listens does not matter.</summary>
    /// <param name="kind">One of <see cref="Kinds"/>.</param>
    /// <param name="stream">The encrypted stream.</param>
    /// <param name="target">What it is connected to.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>A task.</returns>
    public static async Task EndAsync(string kind, Stream stream, string target, CancellationToken cancellationToken)
    {
        try
        {
            switch (kind)
            {
                case "smtp":
                    await stream.WriteAsync("QUIT\r\n"u8.ToArray(), cancellationToken);
                    break;
                case "imap":
                    await stream.WriteAsync("b LOGOUT\r\n"u8.ToArray(), cancellationToken);
                    break;
                case "mysql":
                    await MySqlHandshake.DeclineAsync(stream, target, cancellationToken, encrypted: true);
                    break;
                default:
                    break;
            }
        }
        catch (Exception error) when (error is IOException or OpsException)
        {
            // The certificate is known.
        }
    }

    private static async Task SmtpAsync(Stream stream, string target, CancellationToken cancellationToken)
    {
        await RequireAsync("220");
        await stream.WriteAsync("EHLO opsrunbook\r\n"u8.ToArray(), cancellationToken);
        await RequireAsync("250");
        await stream.WriteAsync("STARTTLS\r\n"u8.ToArray(), cancellationToken);
        await RequireAsync("220");

        async Task RequireAsync(string code)
        {
            for (var i = 0; i < MostLines; i++)
            {
                var line = await LineAsync(stream, target, cancellationToken);
                if (!line.StartsWith(code, StringComparison.Ordinal))
                {
                    throw line.Length > 3 && char.IsAsciiDigit(line[0]) ? Refused(target, "smtp", line) : Strange(target, "SMTP", line);
                }

                if (line.Length == code.Length || line[code.Length] != '-')
                {
                    return;
                }
            }

            throw Strange(target, "SMTP", "too many lines");
        }
    }

    private static async Task ImapAsync(Stream stream, string target, CancellationToken cancellationToken)
    {
        var greeting = await LineAsync(stream, target, cancellationToken);
        if (!greeting.StartsWith("* OK", StringComparison.OrdinalIgnoreCase))
        {
            throw Strange(target, "IMAP", greeting);
        }

        await stream.WriteAsync("a STARTTLS\r\n"u8.ToArray(), cancellationToken);
        for (var i = 0; i < MostLines; i++)
        {
            var line = await LineAsync(stream, target, cancellationToken);
            if (line.StartsWith("a ", StringComparison.Ordinal))
            {
                if (!line.StartsWith("a OK", StringComparison.OrdinalIgnoreCase))
                {
                    throw Refused(target, "imap", line);
                }

                return;
            }
        }

        throw Strange(target, "IMAP", "too many lines");
    }

    private static async Task PostgreSqlAsync(Stream stream, string target, CancellationToken cancellationToken)
    {
        // SSLRequest: its length and a version that no protocol has.
        await stream.WriteAsync(new byte[] { 0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f }, cancellationToken);
        var answer = new byte[1];
        await stream.ReadExactlyAsync(answer, cancellationToken);
        if (answer[0] != 'S')
        {
            throw answer[0] == 'N' ? Refused(target, "postgresql", "its 'ssl' is off") : Strange(target, "PostgreSQL", $"0x{answer[0]:x2}");
        }
    }

    private static async Task MySqlAsync(Stream stream, string target, CancellationToken cancellationToken)
    {
        var greeting = await MySqlHandshake.ReadAsync(stream, target, cancellationToken);
        if (!greeting.OffersTls)
        {
            await MySqlHandshake.DeclineAsync(stream, target, cancellationToken);
            throw Refused(target, "mysql", $"{greeting.Product} has no certificate");
        }

        await MySqlHandshake.RequestTlsAsync(stream, cancellationToken);
    }

    private static async Task LdapAsync(Stream stream, string target, CancellationToken cancellationToken)
    {
        // An extended request with the object identifier of StartTLS, as message 1.
        byte[] request = [0x30, 0x1d, 0x02, 0x01, 0x01, 0x77, 0x18, 0x80, 0x16, .. "1.3.6.1.4.1.1466.20037"u8];
        await stream.WriteAsync(request, cancellationToken);
        var head = new byte[2];
        await stream.ReadExactlyAsync(head, cancellationToken);
        var length = (int)head[1];
        if (length > 0x80)
        {
            var more = new byte[length - 0x80];
            if (more.Length > 2)
            {
                throw Strange(target, "LDAP", "an impossible length");
            }

            await stream.ReadExactlyAsync(more, cancellationToken);
            length = more.Aggregate(0, (all, each) => (all << 8) | each);
        }

        var body = new byte[length];
        await stream.ReadExactlyAsync(body, cancellationToken);

        // Message id, then an extended response [APPLICATION 24] that begins with the result code.
        var at = body.AsSpan().IndexOf((byte)0x0a);
        if (head[0] != 0x30 || body is not [0x02, ..] || at < 0 || at + 2 >= body.Length || !body.AsSpan(0, at).Contains((byte)0x78))
        {
            throw Strange(target, "LDAP", "another message");
        }

        if (body[at + 2] != 0)
        {
            throw Refused(target, "ldap", $"result code {body[at + 2]}");
        }
    }

    // Byte by byte: what follows the line may already belong to the handshake.
    private static async Task<string> LineAsync(Stream stream, string target, CancellationToken cancellationToken)
    {
        var line = new List<byte>(80);
        var one = new byte[1];
        while (line.Count < LongestLine)
        {
            await stream.ReadExactlyAsync(one, cancellationToken);
            if (one[0] == '\n')
            {
                return Encoding.UTF8.GetString([.. line]).TrimEnd('\r');
            }

            line.Add(one[0]);
        }

        throw EndpointErrors.ProtocolError(target, "sent a line without end instead of a greeting");
    }

    private static OpsException Refused(string target, string kind, string says) => new(
        "Endpoint.StartTlsRefused",
        OpsErrorKind.Connection,
        $"{target} does not change to TLS over {kind}: {says}.",
        "Give the server a certificate, or check the port.",
        target);

    private static OpsException Strange(string target, string protocol, string says) =>
        EndpointErrors.ProtocolError(target, $"does not speak {protocol}: it said \"{(says.Length > 80 ? says[..80] + "…" : says)}\"");
}
