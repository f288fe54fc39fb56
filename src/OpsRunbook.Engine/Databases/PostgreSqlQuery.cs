using System.Runtime.CompilerServices;
using Npgsql;
using NpgsqlTypes;

namespace OpsRunbook.Engine.Databases;

/// <summary>Statements of an operator in PostgreSQL. Values travel beside the SQL, never in it.</summary>
/// <param name="target">Where it is.</param>
internal sealed class PostgreSqlQuery(DatabaseTarget target) : IDatabaseQuery
{
    // The forms that PostgreSqlText reads, whatever the server or the role is set to. A transaction that the
    // statement itself might begin may not write either.
    private const string Prepare = """
        SELECT set_config('datestyle', 'ISO, YMD', false), set_config('intervalstyle', 'postgres', false),
               set_config('timezone', 'UTC', false), set_config('bytea_output', 'hex', false), set_config('default_transaction_read_only', $1, false)
        """;

    /// <inheritdoc/>
    public DatabaseEngine Engine => DatabaseEngine.Postgres;

    /// <inheritdoc/>
    public async IAsyncEnumerable<DbRow> ReadAsync(
        SqlStatement statement, IReadOnlyDictionary<string, object?> values, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var session = await OpenAsync(readOnly: true, cancellationToken);
        await session.ExecuteAsync("BEGIN TRANSACTION READ ONLY", cancellationToken);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var rows = session.StreamRowsAsync(statement.Text(Mark), Parameters(statement, values), _ => { }, stop.Token).GetAsyncEnumerator(stop.Token);
        var ended = false;
        try
        {
            while (await rows.MoveNextAsync())
            {
                yield return rows.Current;
            }

            ended = true;
        }
        finally
        {
            // Nobody wants the rest, which closing the reader would read all the same. The server sees the connection end.
            if (!ended)
            {
                await stop.CancelAsync();
            }

            await CloseAsync(rows, ended);
        }
    }

    /// <inheritdoc/>
    public async Task<long?> WriteAsync(
        SqlStatement statement, IReadOnlyDictionary<string, object?> values, Func<DbRow, ValueTask> take, long? exactly, CancellationToken cancellationToken)
    {
        await using var session = await OpenAsync(readOnly: false, cancellationToken);
        await session.ExecuteAsync("BEGIN", cancellationToken);
        long? affected = null;
        await foreach (var row in session.StreamRowsAsync(statement.Text(Mark), Parameters(statement, values), count => affected = count < 0 ? null : count, cancellationToken))
        {
            await take(row);
        }

        if (exactly is { } wanted && affected != wanted)
        {
            await session.ExecuteAsync("ROLLBACK", cancellationToken);
            throw DatabaseErrors.RowsUnexpected(target.Text, affected, wanted);
        }

        await session.ExecuteAsync("COMMIT", cancellationToken);
        return affected;
    }

    private static string Mark(int place) => FormattableString.Invariant($"${place}");

    private static async Task CloseAsync(IAsyncEnumerator<DbRow> rows, bool ended)
    {
        try
        {
            await rows.DisposeAsync();
        }
        catch (Exception error) when (!ended && error is NpgsqlException or IOException or OperationCanceledException or System.Net.Sockets.SocketException or ObjectDisposedException)
        {
            // The connection was cut on purpose.
        }
    }

    private static List<NpgsqlParameter> Parameters(SqlStatement statement, IReadOnlyDictionary<string, object?> values) =>
        statement.Names.Select(name => Parameter(name, values[name])).ToList();

    // A text goes without a type, as a literal in quotes has none: the server finds out what the place takes.
    private static NpgsqlParameter Parameter(string name, object? value) => value switch
    {
        null or DBNull => new NpgsqlParameter { Value = DBNull.Value, NpgsqlDbType = NpgsqlDbType.Unknown },
        string or char or Enum => new NpgsqlParameter { Value = value.ToString(), NpgsqlDbType = NpgsqlDbType.Unknown },
        bool or short or int or long or float or double or decimal or Guid or TimeSpan or byte[] => new NpgsqlParameter { Value = value },
        byte or sbyte or ushort => new NpgsqlParameter { Value = Convert.ToInt32(value, System.Globalization.CultureInfo.InvariantCulture) },
        uint => new NpgsqlParameter { Value = (long)(uint)value },
        ulong or System.Numerics.BigInteger => new NpgsqlParameter { Value = Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture), NpgsqlDbType = NpgsqlDbType.Unknown },
        DateTimeOffset moment => new NpgsqlParameter { Value = moment.UtcDateTime, NpgsqlDbType = NpgsqlDbType.TimestampTz },
        DateTime { Kind: DateTimeKind.Unspecified } moment => new NpgsqlParameter { Value = moment, NpgsqlDbType = NpgsqlDbType.Timestamp },
        DateTime moment => new NpgsqlParameter { Value = moment.ToUniversalTime(), NpgsqlDbType = NpgsqlDbType.TimestampTz },
        _ => throw DatabaseErrors.ParameterType(name, value),
    };

    private async Task<PostgreSqlSession> OpenAsync(bool readOnly, CancellationToken cancellationToken)
    {
        var session = await PostgreSqlSession.OpenAsync(target, cancellationToken);
        try
        {
            await session.QueryAsync(Prepare, _ => true, cancellationToken, readOnly ? "on" : "off");
            return session;
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }
    }
}
