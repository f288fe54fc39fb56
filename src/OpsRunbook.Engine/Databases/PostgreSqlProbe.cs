using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using OpsRunbook.Engine.Endpoints;

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
               (SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()),
               (SELECT count(*)::int FROM pg_stat_activity
                 WHERE backend_type = 'client backend'
                    OR (backend_type IS NULL AND datid IS NOT NULL AND usesysid IS NOT NULL))
        """;

    public Task<DatabaseReading> ReadAsync(CancellationToken cancellationToken) =>
        target.HasLogin ? LogInAsync(cancellationToken) : GreetAsync(cancellationToken);

    private async Task<DatabaseReading> LogInAsync(CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();

        await using var session = await PostgreSqlSession.OpenAsync(target, cancellationToken);
        target.Timings.LogIn = Stopwatch.GetElapsedTime(start) - target.Timings.Dns.GetValueOrDefault() - target.Timings.Connect.GetValueOrDefault();
        var asked = Stopwatch.GetTimestamp();
        var reading = await session.QueryAsync(
            Query,
            row => new DatabaseReading($"PostgreSQL {row.GetString(0).Split(' ')[0]}", Stopwatch.GetElapsedTime(start))
            {
                Role = row.GetBoolean(1) ? "replica" : null,
                MaximumConnections = row.GetInt32(2),
                Tls = row.IsDBNull(3) ? null : row.GetString(3),
                Connections = row.GetInt32(4),
            },
            cancellationToken);
        target.Timings.Query = Stopwatch.GetElapsedTime(asked);
        return reading[0];
    }

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
                var error = PostgreSqlErrors.FromServer(state, says, target);
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
