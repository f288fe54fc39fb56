using System.Runtime.CompilerServices;
using System.Text;
using Npgsql;
using OpsRunbook.Engine.Databases;
using OpsRunbook.Engine.Endpoints;

namespace OpsRunbook.Engine.State;

/// <summary>
/// A store in PostgreSQL that a team shares. It connects when it is first used, and again when the connection was lost: what was being
/// written is then looked up, so that it is neither lost nor written twice.
/// </summary>
public sealed class PostgreSqlStateStore : IStateStore
{
    /// <summary>Schema where the stack names none.</summary>
    public const string DefaultSchema = "opsrunbook";

    // A server that is restarted is there again after a second or two. Longer is not worth waiting for: the next command tries again.
    private static readonly TimeSpan[] Pauses = [TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2)];
    private static readonly TimeSpan HolderPatience = TimeSpan.FromSeconds(1);

    // Years of changes over a slow line.
    private static readonly TimeSpan JournalPatience = TimeSpan.FromMinutes(2);

    private readonly SemaphoreSlim _gate = new(1);
    private readonly DatabaseMember _member;
    private readonly string _schemaName;
    private readonly string _schema;
    private PostgreSqlSession? _session;
    private bool _isAway;

    /// <summary>Prepares the store. Nothing is connected yet.</summary>
    /// <param name="member">The database.</param>
    /// <param name="schema">Name of the schema, which is made on first use.</param>
    public PostgreSqlStateStore(DatabaseMember member, string schema)
    {
        ArgumentNullException.ThrowIfNull(member);
        _member = member;
        _schemaName = schema;
        _schema = PostgreSqlSession.Identifier(schema);
        var definition = member.Definition;
        Location = $"database '{member.Name}' ({definition.Socket ?? definition.Server ?? "localhost"}, {definition.Database ?? "postgres"}.{schema})";
        Journal = new SharedJournal(this);
    }

    /// <inheritdoc/>
    public string Location { get; }

    /// <inheritdoc/>
    public IJournal Journal { get; }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<StateDocument>> ListAsync(string kind, bool onlyOpen, CancellationToken cancellationToken)
    {
        StateErrors.CheckId(kind);
        return await ReadingAsync(
            $"The {kind} documents in {Location}",
            (session, token) => session.QueryAsync(
                $"SELECT kind, id, version, created, written, open, content::text FROM {_schema}.documents WHERE kind = $1{(onlyOpen ? " AND open" : string.Empty)} ORDER BY created, id",
                Document,
                token,
                kind),
            cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<StateDocument?> ReadAsync(string kind, string id, CancellationToken cancellationToken)
    {
        StateErrors.CheckId(kind);
        StateErrors.CheckId(id);
        return await ReadingAsync($"The {kind} '{id}' in {Location}", (session, token) => FindAsync(session, kind, id, token), cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<long> WriteAsync(string kind, string id, ReadOnlyMemory<byte> json, bool open, long expected, CancellationToken cancellationToken)
    {
        StateErrors.CheckId(kind);
        StateErrors.CheckId(id);
        using (System.Text.Json.JsonDocument.Parse(json))
        {
            // Refused here as it is by files, and not by the server with other words.
        }

        var content = Encoding.UTF8.GetString(json.Span);
        await WritingAsync(
            $"The {kind} '{id}' in {Location}",
            async (session, again, token) =>
            {
                // When the connection broke, the last attempt may have been carried out.
                var written = (again && await FindAsync(session, kind, id, token) is { } present && present.Version == expected + 1 && present.Json.Span.SequenceEqual(json.Span))
                    || await session.ExecuteAsync(
                        expected == 0
                            ? $"INSERT INTO {_schema}.documents VALUES ($1, $2, 1, clock_timestamp(), clock_timestamp(), $3, $4::json) ON CONFLICT DO NOTHING"
                            : $"UPDATE {_schema}.documents SET version = version + 1, written = clock_timestamp(), open = $3, content = $4::json WHERE kind = $1 AND id = $2 AND version = $5",
                        token,
                        expected == 0 ? [kind, id, open, content] : [kind, id, open, content, expected]) == 1;
                return written ? 0 : throw StateErrors.Changed(kind, id, expected, (await FindAsync(session, kind, id, token))?.Version ?? 0);
            },
            cancellationToken);
        return expected + 1;
    }

    /// <inheritdoc/>
    public async Task RemoveAsync(string kind, string id, long expected, CancellationToken cancellationToken)
    {
        StateErrors.CheckId(kind);
        StateErrors.CheckId(id);
        await WritingAsync(
            $"The {kind} '{id}' in {Location}",
            async (session, again, token) =>
            {
                var removed = await session.ExecuteAsync($"DELETE FROM {_schema}.documents WHERE kind = $1 AND id = $2 AND version = $3", token, kind, id, expected) == 1;
                var present = removed ? null : await FindAsync(session, kind, id, token);
                return removed || (again && present is null) ? 0 : throw StateErrors.Changed(kind, id, expected, present?.Version ?? 0);
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<IStateLock> LockAsync(string name, string purpose, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        var place = $"The lock '{name}' in {Location}";
        PostgreSqlSession? session = null;
        try
        {
            // A session of its own: while it lives it has the lock, whatever becomes of the others.
            var taken = session = await ConnectAsync(cancellationToken);
            await Deadline.RunAsync(
                _member.Timeout,
                async token =>
                {
                    await HoldAsync(taken, name, token);
                    await taken.ExecuteAsync(
                        $"INSERT INTO {_schema}.locks VALUES ($1, pg_backend_pid(), $2) ON CONFLICT (name) DO UPDATE SET backend = EXCLUDED.backend, holder = EXCLUDED.holder",
                        token,
                        name,
                        Encoding.UTF8.GetString(LockHolder.Self(purpose).ToJson()));
                    return taken.Version < 140000 ? 0 : await taken.ExecuteAsync($"SET idle_session_timeout = '{(int)PostgreSqlStateLock.Silence.TotalSeconds}s'", token);
                },
                () => DatabaseErrors.FromEndpoint(EndpointErrors.Timeout(Location, _member.Timeout, "answer")),
                cancellationToken);
            session = null;
            return new PostgreSqlStateLock(taken, token => taken.ExecuteAsync($"DELETE FROM {_schema}.locks WHERE name = $1 AND backend = pg_backend_pid()", token, name));
        }
        catch (OpsException error) when (IsOfServer(error))
        {
            throw StateErrors.NotWritten(place, error.Message, error);
        }
        finally
        {
            if (session is not null)
            {
                await session.DisposeAsync();
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_session is not null)
        {
            await _session.DisposeAsync();
        }

        _gate.Dispose();
    }

    private static bool IsOfServer(OpsException error) => !error.Id.StartsWith("State.", StringComparison.Ordinal);

    private static StateDocument Document(NpgsqlDataReader row) => new(
        row.GetString(0), row.GetString(1), row.GetInt64(2), row.GetDateTime(3), row.GetDateTime(4), row.GetBoolean(5), Encoding.UTF8.GetBytes(row.GetString(6)));

    private async Task<StateDocument?> FindAsync(PostgreSqlSession session, string kind, string id, CancellationToken cancellationToken) =>
        (await session.QueryAsync($"SELECT kind, id, version, created, written, open, content::text FROM {_schema}.documents WHERE kind = $1 AND id = $2", Document, cancellationToken, kind, id)) is [var found] ? found : null;

    private async Task HoldAsync(PostgreSqlSession session, string name, CancellationToken cancellationToken)
    {
        var key = $"{_schemaName}/{name}";
        for (var waited = System.Diagnostics.Stopwatch.StartNew(); ;)
        {
            if ((await session.QueryAsync("SELECT pg_try_advisory_lock(hashtextextended($1, 0))", row => row.GetBoolean(0), cancellationToken, key))[0])
            {
                return;
            }

            // The name that stands there may be that of a holder before, until this one has written its own.
            var holder = (await session.QueryAsync(
                $"""
                SELECT holder FROM {_schema}.locks l WHERE name = $1 AND EXISTS (SELECT 1 FROM pg_locks
                    WHERE locktype = 'advisory' AND granted AND pid = l.backend AND ((classid::bigint << 32) | objid::bigint) = hashtextextended($2, 0))
                """,
                row => LockHolder.Parse(Encoding.UTF8.GetBytes(row.GetString(0))),
                cancellationToken,
                name,
                key)) is [var found] ? found : null;
            if (holder is not null || waited.Elapsed > HolderPatience)
            {
                throw StateErrors.Locked(name, holder);
            }

            await Task.Delay(20, cancellationToken);
        }
    }

    private async Task<PostgreSqlSession> ConnectAsync(CancellationToken cancellationToken)
    {
        var target = await _member.TargetAsync(cancellationToken);
        return await target.WithinAsync(
            async token =>
            {
                var session = await PostgreSqlSession.OpenAsync(target, token);
                try
                {
                    await PostgreSqlStateSchema.PrepareAsync(session, _schemaName, Location, token);
                    return session;
                }
                catch
                {
                    await session.DisposeAsync();
                    throw;
                }
            },
            cancellationToken);
    }

    private async Task<T> ReadingAsync<T>(string place, Func<PostgreSqlSession, CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        try
        {
            return await TryAsync((session, _, token) => work(session, token), _member.Timeout, cancellationToken);
        }
        catch (OpsException error) when (IsOfServer(error))
        {
            throw StateErrors.NotReadable(place, error.Message, error);
        }
    }

    private async Task WritingAsync(string place, Func<PostgreSqlSession, bool, CancellationToken, Task<int>> work, CancellationToken cancellationToken)
    {
        try
        {
            await TryAsync(work, _member.Timeout, cancellationToken);
        }
        catch (OpsException error) when (IsOfServer(error))
        {
            throw StateErrors.NotWritten(place, error.Message, error);
        }
    }

    // The work is told whether it was begun before on a connection that broke.
    private async Task<T> TryAsync<T>(Func<PostgreSqlSession, bool, CancellationToken, Task<T>> work, TimeSpan limit, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            var begun = false;
            for (var attempt = 0; ; attempt++)
            {
                try
                {
                    _session ??= await ConnectAsync(cancellationToken);
                    var again = begun;
                    begun = true;
                    var session = _session;
                    var result = await Deadline.RunAsync(limit, token => work(session, again, token), () => DatabaseErrors.FromEndpoint(EndpointErrors.Timeout(Location, limit, "answer")), cancellationToken);
                    _isAway = false;
                    return result;
                }
                catch (Exception error)
                {
                    // After a failure of any kind the session may be in the middle of something.
                    if (error is not OpsException { Id: "State.Changed" } && _session is not null)
                    {
                        await _session.DisposeAsync();
                        _session = null;
                    }

                    // Who has waited for it once does not wait at every step of what a command still has to do.
                    if (_isAway || attempt >= Pauses.Length || error is not OpsException { Kind: OpsErrorKind.Connection or OpsErrorKind.InvalidData } failure || !IsOfServer(failure))
                    {
                        _isAway = error is OpsException { Kind: OpsErrorKind.Connection };
                        throw;
                    }
                }

                await Task.Delay(Pauses[attempt], cancellationToken);
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    private sealed class SharedJournal(PostgreSqlStateStore store) : IJournal
    {
        public async Task AppendAsync(JournalRecord record, CancellationToken cancellationToken)
        {
            ArgumentNullException.ThrowIfNull(record);
            try
            {
                // A second attempt after a lost connection must not make a second record.
                await store.TryAsync(
                    (session, _, token) => session.ExecuteAsync(
                        $"INSERT INTO {store._schema}.journal (change_id, phase, record) VALUES ($1, $2, $3::json) ON CONFLICT DO NOTHING",
                        token,
                        record.ChangeId,
                        record.Phase.ToString(),
                        Encoding.UTF8.GetString(JournalFormat.Write(record))),
                    store._member.Timeout,
                    cancellationToken);
            }
            catch (OpsException error)
            {
                throw new OpsException("Journal.NotWritten", error.Kind, $"The journal in {store.Location} cannot be written: {error.Message}", error.NextStep, store.Location, error);
            }
        }

        public async IAsyncEnumerable<JournalRecord> ReadAsync(IOperationOutput output, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            ArgumentNullException.ThrowIfNull(output);
            IReadOnlyList<(long Number, string Text)> rows;
            try
            {
                rows = await store.TryAsync(
                    (session, _, token) => session.QueryAsync($"SELECT number, record::text FROM {store._schema}.journal ORDER BY number", row => (row.GetInt64(0), row.GetString(1)), token),
                    JournalPatience,
                    cancellationToken);
            }
            catch (OpsException error)
            {
                throw new OpsException("Journal.NotReadable", error.Kind, $"The journal in {store.Location} cannot be read: {error.Message}", error.NextStep, store.Location, error);
            }

            foreach (var (number, text) in rows)
            {
                if (JournalFormat.Read(text) is { } record)
                {
                    yield return record;
                }
                else
                {
                    output.Error(new OpsException(
                        "Journal.Corrupt",
                        OpsErrorKind.InvalidData,
                        $"Record {number} of the journal in {store.Location} is not a record: it was changed, or something else wrote there.",
                        "The other records are shown. A change may have been made that has no readable record.",
                        store.Location));
                }
            }
        }
    }
}
