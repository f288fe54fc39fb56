using System.Globalization;
using System.Runtime.CompilerServices;

namespace OpsRunbook.Engine.Databases;

/// <summary>
/// Statements of an operator in MySQL and MariaDB. The server prepares them from a text that the client program never parses,
/// and takes no more than one.
/// </summary>
/// <param name="target">Where it is.</param>
internal sealed class MySqlQuery(DatabaseTarget target) : IDatabaseQuery
{
    /// <inheritdoc/>
    public DatabaseEngine Engine => DatabaseEngine.MySql;

    /// <inheritdoc/>
    public async IAsyncEnumerable<DbRow> ReadAsync(
        SqlStatement statement, IReadOnlyDictionary<string, object?> values, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var literals = Literals(statement, values);
        var (greeting, columns) = await DescribeAsync(statement, literals, cancellationToken);
        await using var session = await MySqlSession.OpenAsync(target, greeting, cancellationToken, bytesAsHex: true);
        var own = await MySqlConnectionId.ReadAsync(session, cancellationToken);
        await session.QueryAsync("SET SESSION TRANSACTION READ ONLY", cancellationToken);
        await session.QueryAsync("START TRANSACTION READ ONLY", cancellationToken);
        await PrepareAsync(session, statement, literals, cancellationToken);
        var rows = session.StreamAsync(Execute(literals), cancellationToken).GetAsyncEnumerator(cancellationToken);
        var ended = false;
        try
        {
            while (await rows.MoveNextAsync())
            {
                yield return columns.ToRow(rows.Current);
            }

            ended = true;
        }
        finally
        {
            await rows.DisposeAsync();
            if (!ended && !session.HasFailed)
            {
                await own.KillAsync(target);
            }
        }
    }

    /// <inheritdoc/>
    public async Task<long?> WriteAsync(
        SqlStatement statement, IReadOnlyDictionary<string, object?> values, Func<DbRow, ValueTask> take, long? exactly, CancellationToken cancellationToken)
    {
        var literals = Literals(statement, values);
        var (greeting, columns) = await DescribeAsync(statement, literals, cancellationToken);
        await using var session = await MySqlSession.OpenAsync(target, greeting, cancellationToken, bytesAsHex: true);
        var own = await MySqlConnectionId.ReadAsync(session, cancellationToken);
        try
        {
            await session.QueryAsync("START TRANSACTION", cancellationToken);
            await PrepareAsync(session, statement, literals, cancellationToken);

            // The number is that of the statement right before.
            await foreach (var row in session.StreamAsync($"{Execute(literals)};\nSET @opsrunbook_rows = ROW_COUNT()", cancellationToken))
            {
                await take(columns.ToRow(row));
            }

            var affected = (await session.RowAsync("SELECT @opsrunbook_rows AS n", cancellationToken)).Number("n");
            affected = affected < 0 ? null : affected;
            if (exactly is { } wanted && affected != wanted)
            {
                await session.QueryAsync("ROLLBACK", cancellationToken);
                throw DatabaseErrors.RowsUnexpected(target.Text, affected, wanted);
            }

            await session.QueryAsync("COMMIT", cancellationToken);
            return affected;
        }
        catch (OperationCanceledException)
        {
            await own.KillAsync(target);
            throw;
        }
    }

    // Before the session begins: a server may have one connection left.
    private async Task<(MySqlHandshake Greeting, RowMaker Columns)> DescribeAsync(SqlStatement statement, List<string> literals, CancellationToken cancellationToken)
    {
        var greeting = await MySqlHandshake.ReadAsync(target, cancellationToken);
        return (greeting, new RowMaker(await MySqlColumns.ReadAsync(target, greeting, statement, text => [.. Prepare(text, literals), Execute(literals)], cancellationToken)));
    }

    private static async Task PrepareAsync(MySqlSession session, SqlStatement statement, List<string> literals, CancellationToken cancellationToken)
    {
        foreach (var step in Prepare(statement.Text(_ => "?"), literals))
        {
            await session.QueryAsync(step, cancellationToken);
        }
    }

    private static IEnumerable<string> Prepare(string text, List<string> literals) =>
    [
        $"SET @opsrunbook_sql = {MySqlSession.Literal(text)}",
        "PREPARE opsrunbook FROM @opsrunbook_sql",
        .. literals.Select((literal, index) => FormattableString.Invariant($"SET @opsrunbook_{index + 1} = {literal}")),
    ];

    private static string Execute(List<string> literals) => literals.Count == 0
        ? "EXECUTE opsrunbook"
        : $"EXECUTE opsrunbook USING {string.Join(", ", Enumerable.Range(1, literals.Count).Select(place => FormattableString.Invariant($"@opsrunbook_{place}")))}";

    private static List<string> Literals(SqlStatement statement, IReadOnlyDictionary<string, object?> values) =>
        statement.Names.Select(name => Literal(name, values[name])).ToList();

    private static string Literal(string name, object? value) => value switch
    {
        null or DBNull => "NULL",
        bool flag => flag ? "1" : "0",
        string or char or Enum or Guid => MySqlSession.Literal(value.ToString()!),
        float or double => ((IFormattable)value).ToString("E16", CultureInfo.InvariantCulture),
        sbyte or byte or short or ushort or int or uint or long or ulong or decimal or System.Numerics.BigInteger => Convert.ToString(value, CultureInfo.InvariantCulture)!,
        byte[] bytes => $"X'{Convert.ToHexString(bytes)}'",
        DateTimeOffset moment => MySqlSession.Literal(Moment(moment.UtcDateTime)),
        DateTime { Kind: DateTimeKind.Local } moment => MySqlSession.Literal(Moment(moment.ToUniversalTime())),
        DateTime moment => MySqlSession.Literal(Moment(moment)),
        TimeSpan time => MySqlSession.Literal(FormattableString.Invariant($"{(time < TimeSpan.Zero ? "-" : string.Empty)}{Math.Abs((int)time.TotalHours):00}:{time:mm\\:ss}{(time.Ticks % TimeSpan.TicksPerSecond == 0 ? string.Empty : time.ToString("\\.ffffff", CultureInfo.InvariantCulture))}")),
        _ => throw DatabaseErrors.ParameterType(name, value),
    };

    private static string Moment(DateTime moment) => moment.ToString("yyyy-MM-dd HH:mm:ss.FFFFFF", CultureInfo.InvariantCulture);

    private sealed class RowMaker(IReadOnlyList<MySqlColumn>? types)
    {
        private IReadOnlyList<string>? _names;
        private IReadOnlyList<string> _columns = [];

        public DbRow ToRow(MySqlRow row)
        {
            // Thousands of rows share one list of names.
            if (!ReferenceEquals(row.Names, _names))
            {
                (_names, _columns) = (row.Names, ColumnNames.Distinct(row.Names));
            }

            return new DbRow(_columns, types?.Count == row.Values.Count ? [.. row.Values.Select((value, index) => types[index].Value(value))] : row.Values);
        }
    }
}
