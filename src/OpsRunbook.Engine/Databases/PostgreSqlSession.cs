using System.Data;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Npgsql;
using OpsRunbook.Engine.Endpoints;

namespace OpsRunbook.Engine.Databases;

/// <summary>One connection to PostgreSQL through its driver, wherever the server is. Failures are <see cref="OpsException"/>.</summary>
internal sealed class PostgreSqlSession : IAsyncDisposable
{
    private readonly DatabaseTarget _target;
    private readonly PortForward _forward;
    private readonly TlsVerdict? _verdict;
    private readonly System.Collections.Concurrent.ConcurrentQueue<string> _warnings = new();
    private NpgsqlDataSource? _source;
    private NpgsqlConnection? _connection;

    private PostgreSqlSession(DatabaseTarget target)
    {
        // The driver does not heed its token while it waits for the answer to its first byte. Through a
        // connection of ours it ends when we say, wherever the server is.
        _target = target;
        _forward = new PortForward(target.ConnectAsync);
        _verdict = target.RequiredTls is { } tls ? new TlsVerdict(target.Text, tls) : null;
    }

    /// <summary>The server's version as a number: 150006 for 15.6.</summary>
    public int Version { get; private set; }

    /// <summary>Number of our own process on the server.</summary>
    public int ProcessId => Connection.ProcessID;

    private NpgsqlConnection Connection => _connection ?? throw new ObjectDisposedException(nameof(PostgreSqlSession));

    /// <summary>Connects and logs in.</summary>
    /// <param name="target">Where the database is.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <param name="database">Another database of the server; null for the one that is configured.</param>
    /// <returns>The session.</returns>
    /// <exception cref="OpsException">As <see cref="IDatabaseProbe.ReadAsync"/>.</exception>
    public static async Task<PostgreSqlSession> OpenAsync(DatabaseTarget target, CancellationToken cancellationToken, string? database = null)
    {
        var session = new PostgreSqlSession(target);
        try
        {
            await session.ConnectAsync(database ?? target.Database.Database ?? "postgres", cancellationToken);
            return session;
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs a query.</summary>
    /// <typeparam name="T">What becomes of a row.</typeparam>
    /// <param name="sql">SQL of the module. Values of others are parameters, their names <see cref="Identifier"/>.</param>
    /// <param name="map">Makes something of a row.</param>
    /// <param name="cancellationToken">Ends the query on the server too.</param>
    /// <param name="parameters">Values for $1, $2 …</param>
    /// <returns>One for each row.</returns>
    public async Task<IReadOnlyList<T>> QueryAsync<T>(string sql, Func<NpgsqlDataReader, T> map, CancellationToken cancellationToken, params object?[] parameters)
    {
        var rows = new List<T>();
        await foreach (var row in StreamAsync(sql, map, cancellationToken, parameters))
        {
            rows.Add(row);
        }

        return rows;
    }

    /// <summary>Runs a query and gives its rows as they come.</summary>
    /// <typeparam name="T">What becomes of a row.</typeparam>
    /// <param name="sql">SQL of the module.</param>
    /// <param name="map">Makes something of a row.</param>
    /// <param name="cancellationToken">Ends the query on the server too.</param>
    /// <param name="parameters">Values for $1, $2 …</param>
    /// <returns>One for each row.</returns>
    public async IAsyncEnumerable<T> StreamAsync<T>(
        string sql, Func<NpgsqlDataReader, T> map, [EnumeratorCancellation] CancellationToken cancellationToken, params object?[] parameters)
    {
        await using var command = Command(sql, parameters);
        await using var cut = Cut(cancellationToken);
        await using var reader = await GuardAsync(() => command.ExecuteReaderAsync(cancellationToken), cancellationToken);
        while (await GuardAsync(() => reader.ReadAsync(cancellationToken), cancellationToken))
        {
            yield return map(reader);
        }
    }

    /// <summary>Runs a statement that returns no rows, alone: as VACUUM and ALTER SYSTEM need it.</summary>
    /// <param name="sql">SQL of the module.</param>
    /// <param name="cancellationToken">Ends the statement on the server too.</param>
    /// <param name="parameters">Values for $1, $2 …</param>
    /// <returns>Number of rows that it changed; -1 for a statement that changes none.</returns>
    public async Task<int> ExecuteAsync(string sql, CancellationToken cancellationToken, params object?[] parameters)
    {
        await using var command = Command(sql, parameters);
        await using var cut = Cut(cancellationToken);
        return await GuardAsync(() => command.ExecuteNonQueryAsync(cancellationToken), cancellationToken);
    }

    /// <summary>Runs a statement of an operator and gives its rows as they come, every value from its text.</summary>
    /// <param name="sql">One statement with $1, $2 …</param>
    /// <param name="parameters">Its values.</param>
    /// <param name="affected">Told at its end how many rows it changed; -1 for a statement that changes none.</param>
    /// <param name="cancellationToken">Ends the statement on the server too.</param>
    /// <returns>The rows.</returns>
    public async IAsyncEnumerable<DbRow> StreamRowsAsync(
        string sql, IReadOnlyList<NpgsqlParameter> parameters, Action<int> affected, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, Connection) { AllResultTypesAreUnknown = true };
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(parameter);
        }

        await using var cut = Cut(cancellationToken);
        await using var reader = await GuardAsync(() => command.ExecuteReaderAsync(cancellationToken), cancellationToken);
        var types = Enumerable.Range(0, reader.FieldCount).Select(reader.GetDataTypeOID).ToArray();
        var columns = ColumnNames.Distinct([.. Enumerable.Range(0, reader.FieldCount).Select(reader.GetName)]);
        while (await GuardAsync(() => reader.ReadAsync(cancellationToken), cancellationToken))
        {
            var values = new object?[types.Length];
            for (var column = 0; column < types.Length; column++)
            {
                values[column] = reader.IsDBNull(column) ? null : PostgreSqlText.Value(types[column], reader.GetString(column));
            }

            yield return new DbRow(columns, values);
        }

        affected(reader.RecordsAffected);
    }

    /// <summary>What the server has warned of since the last time this was asked.</summary>
    /// <returns>Its sentences.</returns>
    public IReadOnlyList<string> TakeWarnings()
    {
        var warnings = new List<string>();
        while (_warnings.TryDequeue(out var warning))
        {
            warnings.Add(warning);
        }

        return warnings;
    }

    /// <summary>A name in double quotes.</summary>
    /// <param name="name">Name of a database, schema, table, column, index or role.</param>
    /// <returns>The quoted name.</returns>
    public static string Identifier(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_connection is not null)
        {
            try
            {
                await _connection.DisposeAsync();
            }
            catch (Exception error) when (error is NpgsqlException or IOException or InvalidOperationException or NotSupportedException)
            {
                // An answer that nobody waits for any more is still being read. The connection is cut below, which ends that too.
            }
        }

        if (_source is not null)
        {
            await _source.DisposeAsync();
        }

        await _forward.DisposeAsync();
    }

    private async Task ConnectAsync(string database, CancellationToken cancellationToken)
    {
        var settings = new NpgsqlConnectionStringBuilder
        {
            Host = "127.0.0.1",
            Port = _forward.Port,
            Username = _target.User ?? "postgres",
            Password = _target.Password,
            Database = database,
            SslMode = _target.Database.Tls switch
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
            Timeout = (int)Math.Min(1024, Math.Ceiling(_target.Timeout.TotalSeconds) + 1),
            CommandTimeout = 0,
            CancellationTimeout = -1,
        };
        var builder = new NpgsqlDataSourceBuilder(settings.ConnectionString);
        builder.ConfigureTypeLoading(types => types.EnableTypeLoading(false));
        if (_verdict is not null)
        {
            builder.UseSslClientAuthenticationOptionsCallback(_verdict.Apply);
        }

        _source = builder.Build();
        await using var cut = Cut(cancellationToken);
        _connection = await GuardAsync(async () => await _source.OpenConnectionAsync(cancellationToken), cancellationToken);
        _connection.Notice += (_, said) =>
        {
            if (said.Notice.InvariantSeverity == "WARNING")
            {
                _warnings.Enqueue(said.Notice.MessageText);
            }
        };
        Version = (Connection.PostgreSqlVersion.Major * 10000) + Connection.PostgreSqlVersion.Minor;
    }

    private CancellationTokenRegistration Cut(CancellationToken cancellationToken) => cancellationToken.Register(_forward.Abort);

    private NpgsqlCommand Command(string sql, object?[] parameters)
    {
        var command = new NpgsqlCommand(sql, Connection);
        foreach (var value in parameters)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value ?? DBNull.Value });
        }

        return command;
    }

    private async Task<T> GuardAsync<T>(Func<Task<T>> work, CancellationToken cancellationToken)
    {
        try
        {
            return await work();
        }
        catch (Exception error) when (error is NpgsqlException or SocketException or IOException or TimeoutException or OpsException || (error is InvalidOperationException && _connection is { State: not ConnectionState.Open }))
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw PostgreSqlErrors.Classify(error, _target, _forward.Failure, _verdict, isLoggedIn: Version != 0);
        }
    }
}
