using System.Buffers.Binary;
using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Npgsql;
using OpsRunbook.Engine.Endpoints;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Databases;

/// <summary>PostgreSQL: through its driver with a login, else by the first messages of its protocol.</summary>
/// <param name="target">Where it is.</param>
internal sealed class PostgreSqlProbe(DatabaseTarget target) : IDatabaseProbe
{
    // A role without pg_read_all_stats sees no backend_type of others. What belongs to a database and a user is a client then.
    private const string Query = """
        SELECT current_setting('server_version'),
               pg_is_in_recovery(),
               current_setting('max_connections')::int,
               (SELECT count(*)::int FROM pg_stat_activity
                 WHERE backend_type = 'client backend'
                    OR (backend_type IS NULL AND datid IS NOT NULL AND usesysid IS NOT NULL))
        """;

    public Task<DatabaseReading> ReadAsync(CancellationToken cancellationToken) =>
        target.HasLogin ? LogInAsync(cancellationToken) : GreetAsync(cancellationToken);

    private async Task<DatabaseReading> LogInAsync(CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();

        // The driver does not heed its token while it waits for the answer to its first byte. Through a
        // connection of ours it ends when we say, wherever the server is.
        await using var forward = new PortForward(target.ConnectAsync);
        await using var cut = cancellationToken.Register(forward.Abort);
        var settings = new NpgsqlConnectionStringBuilder
        {
            Host = "127.0.0.1",
            Port = forward.Port,
            Username = target.Database.User ?? "postgres",
            Password = target.Password,
            Database = target.Database.Database ?? "postgres",
            SslMode = target.Database.Tls switch
            {
                "disable" => SslMode.Disable,
                null or "prefer" => SslMode.Prefer,
                _ => SslMode.Require,
            },
            ApplicationName = "OpsRunbook",

            // One connection that is closed at its end, no questions about types, and no waiting for a
            // cancelled command: the deadline is the caller's token.
            Pooling = false,
            Enlist = false,
            Timeout = (int)Math.Min(1024, Math.Ceiling(target.Timeout.TotalSeconds) + 1),
            CommandTimeout = 0,
            CancellationTimeout = -1,
        };
        TlsVerdict? verdict = null;
        var builder = new NpgsqlDataSourceBuilder(settings.ConnectionString);
        builder.ConfigureTypeLoading(types => types.EnableTypeLoading(false));
        if (target.RequiredTls is { } tls)
        {
            verdict = new TlsVerdict(target.Text, tls);
            builder.UseSslClientAuthenticationOptionsCallback(verdict.Apply);
        }

        try
        {
            await using var source = builder.Build();
            await using var connection = await source.OpenConnectionAsync(cancellationToken);
            await using var command = new NpgsqlCommand(Query, connection);
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            return new DatabaseReading($"PostgreSQL {reader.GetString(0).Split(' ')[0]}", Stopwatch.GetElapsedTime(start))
            {
                Role = reader.GetBoolean(1) ? "replica" : null,
                MaximumConnections = reader.GetInt32(2),
                Connections = reader.GetInt32(3),
            };
        }
        catch (Exception error) when (error is NpgsqlException or SocketException or IOException or TimeoutException or OpsException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw Classify(error, forward.Failure, verdict);
        }
    }

    private OpsException Classify(Exception error, OpsException? forwarded, TlsVerdict? verdict)
    {
        if ((error as OpsException ?? forwarded ?? Rejected(verdict)) is { } known)
        {
            return DatabaseErrors.FromEndpoint(known);
        }

        if (error is PostgresException refused)
        {
            return FromServer(refused.SqlState, refused.MessageText, refused);
        }

        return error.Message.Contains("No SSL enabled connection", StringComparison.Ordinal)
            ? DatabaseErrors.TlsRefused(target.Text, error)
            : DatabaseErrors.Protocol(target.Text, "PostgreSQL", error.GetBaseException().Message, error);
    }

    private OpsException? Rejected(TlsVerdict? verdict) => target.RequiredTls is { Insecure: false } ? verdict?.Problem : null;

    private OpsException FromServer(string sqlState, string says, Exception? inner) => sqlState switch
    {
        "28P01" or "28000" => DatabaseErrors.LoginRefused(target.Text, target.Database.User, says, inner),
        "3D000" => DatabaseErrors.DatabaseMissing(target.Text, target.Database.Database, says, inner),
        "53300" => DatabaseErrors.TooManyConnections(target.Text, says, inner),
        "57P03" or "57P01" or "57P02" => DatabaseErrors.Starting(target.Text, says, inner),
        _ => DatabaseErrors.Failed(target.Text, $"{says} ({sqlState})", inner),
    };

    // What pg_isready does: begin a login as nobody in particular. A server that asks for a password, or
    // says that it lets this user in from nowhere, is up.
    private async Task<DatabaseReading> GreetAsync(CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        var stream = await target.ConnectAsync(cancellationToken);
        await using var plain = stream;
        try
        {
            if (target.RequiredTls is { } tls)
            {
                stream = await EncryptAsync(stream, tls, cancellationToken);
            }

            await using var encrypted = stream;
            await stream.WriteAsync(StartupMessage(), cancellationToken);
            var head = new byte[5];
            await stream.ReadExactlyAsync(head, cancellationToken);
            var length = BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(1)) - 4;
            if (head[0] is not ((byte)'R' or (byte)'E' or (byte)'v') || length is < 0 or > 64 * 1024)
            {
                throw DatabaseErrors.Protocol(target.Text, "PostgreSQL", "the first message is none of its protocol.");
            }

            if (head[0] == 'E')
            {
                var body = new byte[length];
                await stream.ReadExactlyAsync(body, cancellationToken);
                var (state, says) = ErrorFields(body);
                var error = FromServer(state, says, null);
                if (error.Id is "Db.Starting" or "Db.TooManyConnections")
                {
                    throw error;
                }
            }

            return new DatabaseReading("PostgreSQL", Stopwatch.GetElapsedTime(start));
        }
        catch (IOException error)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw DatabaseErrors.Protocol(target.Text, "PostgreSQL", error.Message, error);
        }
    }

    private async Task<Stream> EncryptAsync(Stream stream, TlsOptions tls, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(new byte[] { 0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f }, cancellationToken);
        var answer = new byte[1];
        await stream.ReadExactlyAsync(answer, cancellationToken);
        if (answer[0] != 'S')
        {
            throw DatabaseErrors.TlsRefused(target.Text);
        }

        try
        {
            return (await TlsSession.OpenAsync(stream, target.Text, tls, cancellationToken)).Stream;
        }
        catch (OpsException error)
        {
            throw DatabaseErrors.FromEndpoint(error);
        }
    }

    private static byte[] StartupMessage()
    {
        var text = Encoding.UTF8.GetBytes("user\0opsrunbook\0database\0postgres\0application_name\0OpsRunbook\0\0");
        var message = new byte[8 + text.Length];
        BinaryPrimitives.WriteInt32BigEndian(message, message.Length);
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(4), 0x0003_0000);
        text.CopyTo(message, 8);
        return message;
    }

    private static (string State, string Text) ErrorFields(byte[] body)
    {
        var fields = Encoding.UTF8.GetString(body).Split('\0').Where(field => field.Length > 1).ToLookup(field => field[0], field => field[1..]);
        return (fields['C'].FirstOrDefault() ?? string.Empty, fields['M'].FirstOrDefault() ?? string.Empty);
    }
}
