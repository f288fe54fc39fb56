using System.Collections.Concurrent;
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

    private static readonly TimeSpan RetakePause = TimeSpan.FromMilliseconds(100);

    private readonly SemaphoreSlim _gate = new(1);
    private readonly ConcurrentDictionary<PostgreSqlStateLock, string> _held = new();
    private readonly ConcurrentDictionary<(string Kind, string Id), Unanswered> _unanswered = new();
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
        var earlier = _unanswered.TryGetValue((kind, id), out var unanswered) && unanswered.Expected == expected ? unanswered.Contents : [];
        var from = expected;
        try
        {
            await WritingAsync(
                $"The {kind} '{id}' in {Location}",
                async (session, again, token) =>
                {
                    // When the connection broke, the last attempt may have been carried out, or one before that was given up.
                    var present = again || earlier.Count > 0 ? await FindAsync(session, kind, id, token) : null;
                    if (again && present?.Version == from + 1 && present.Json.Span.SequenceEqual(json.Span))
                    {
                        return 0;
                    }

                    if (present?.Version > from && earlier.Exists(content => present.Json.Span.SequenceEqual(content.Span)))
                    {
                        from = present.Version;
                    }

                    var written = await session.ExecuteAsync(
                        from == 0
                            ? $"INSERT INTO {_schema}.documents VALUES ($1, $2, 1, clock_timestamp(), clock_timestamp(), $3, $4::json) ON CONFLICT DO NOTHING"
                            : $"UPDATE {_schema}.documents SET version = version + 1, written = clock_timestamp(), open = $3, content = $4::json WHERE kind = $1 AND id = $2 AND version = $5",
                        token,
                        from == 0 ? [kind, id, open, content] : [kind, id, open, content, from]) == 1;
                    return written ? 0 : throw StateErrors.Changed(kind, id, expected, (await FindAsync(session, kind, id, token))?.Version ?? 0);
                },
                cancellationToken);
        }
        catch (Exception error) when (error is OpsException { Id: "State.NotWritten" } or OperationCanceledException)
        {
            _unanswered[(kind, id)] = new Unanswered(expected, [.. earlier, json]);
            throw;
        }

        _unanswered.TryRemove((kind, id), out _);
        return from + 1;
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
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return await TakeAsync(name, LockHolder.Self(purpose), cancellationToken);
            }
            catch (OpsException error) when (IsOfServer(error))
            {
                if (!IsWorthWaiting(error, attempt))
                {
                    throw StateErrors.NotWritten($"The lock '{name}' in {Location}", error.Message, error);
                }
            }

            await Task.Delay(Pauses[attempt], cancellationToken);
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

    private async Task<IStateLock> TakeAsync(string name, LockHolder self, CancellationToken cancellationToken)
    {
        var holder = Encoding.UTF8.GetString(self.ToJson());

        // A session of its own: while it lives it has the lock, whatever becomes of the others.
        var session = await HoldingAsync(
            async (session, token) =>
            {
                await HoldAsync(session, name, token);
                await session.ExecuteAsync(
                    $"INSERT INTO {_schema}.locks VALUES ($1, pg_backend_pid(), $2) ON CONFLICT (name) DO UPDATE SET backend = EXCLUDED.backend, holder = EXCLUDED.holder", token, name, holder);
            },
            cancellationToken);
        return new PostgreSqlStateLock(
            name,
            session,
            _held,
            token => RetakeAsync(name, holder, token),
            (present, token) => present.ExecuteAsync($"DELETE FROM {_schema}.locks WHERE name = $1 AND backend = pg_backend_pid()", token, name));
    }

    private async Task<PostgreSqlSession> HoldingAsync(Func<PostgreSqlSession, CancellationToken, Task> hold, CancellationToken cancellationToken)
    {
        var session = await ConnectAsync(cancellationToken);
        try
        {
            await Deadline.RunAsync(
                _member.Timeout,
                async token =>
                {
                    await hold(session, token);
                    return session.Version < 140000 ? 0 : await session.ExecuteAsync($"SET idle_session_timeout = '{(int)PostgreSqlStateLock.Silence.TotalSeconds}s'", token);
                },
                () => DatabaseErrors.FromEndpoint(EndpointErrors.Timeout(Location, _member.Timeout, "answer")),
                cancellationToken);
            return session;
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }
    }

    // The name of a holder outlives its session, and whoever takes the lock writes another and removes that at the end. While ours
    // is there, nobody has had the lock since.
    private async Task<PostgreSqlSession> RetakeAsync(string name, string holder, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await HoldingAsync(
                    async (session, token) =>
                    {
                        var isFree = await TryHoldAsync(session, name, token);
                        if ((await session.QueryAsync($"SELECT 1 FROM {_schema}.locks WHERE name = $1 AND holder = $2", _ => 0, token, name, holder)).Count == 0)
                        {
                            throw StateErrors.Locked(name, null);
                        }

                        if (!isFree)
                        {
                            throw DatabaseErrors.ConnectionLost(Location, "the session that had the lock has not ended yet");
                        }

                        await session.ExecuteAsync($"UPDATE {_schema}.locks SET backend = pg_backend_pid() WHERE name = $1", token, name);
                    },
                    cancellationToken);
            }
            catch (OpsException error) when (IsOfServer(error))
            {
                await Task.Delay(RetakePause, cancellationToken);
            }
        }
    }

    private async Task<bool> TryHoldAsync(PostgreSqlSession session, string name, CancellationToken cancellationToken) =>
        (await session.QueryAsync("SELECT pg_try_advisory_lock(hashtextextended($1, 0))", row => row.GetBoolean(0), cancellationToken, KeyOf(name)))[0];

    private string KeyOf(string name) => $"{_schemaName}/{name}";

    private async Task HoldAsync(PostgreSqlSession session, string name, CancellationToken cancellationToken)
    {
        for (var waited = System.Diagnostics.Stopwatch.StartNew(); ;)
        {
            if (await TryHoldAsync(session, name, cancellationToken))
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
                KeyOf(name))) is [var found] ? found : null;
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

    // Who has waited for it once does not wait at every step of what a command still has to do.
    private bool IsWorthWaiting(Exception error, int attempt) => !_isAway && attempt < Pauses.Length && IsAway(error);

    // What stands in front of a server that is down may take the connection and end it without a word.
    private static bool IsAway(Exception error) => error is OpsException { Kind: OpsErrorKind.Connection or OpsErrorKind.InvalidData } failure && IsOfServer(failure);

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
                    if (_session is null)
                    {
                        _session = await ConnectAsync(cancellationToken);

                        // Whatever has ended this session may have ended those of the locks: nothing is written before that is known.
                        await Task.WhenAll(_held.Keys.Select(held => held.CheckAsync()));
                    }

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

                    if (!IsWorthWaiting(error, attempt))
                    {
                        _isAway = IsAway(error);
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

    // What a document was to become, and nobody knows whether it has.
    private sealed record Unanswered(long Expected, List<ReadOnlyMemory<byte>> Contents);

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
