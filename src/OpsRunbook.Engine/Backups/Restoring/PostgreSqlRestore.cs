using System.Collections.Concurrent;
using System.Globalization;
using System.Threading.Channels;
using OpsRunbook.Engine.Databases;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Backups;

/// <summary>Restores into a PostgreSQL server. The connection is to its administrative database and holds the locks on what is made here.</summary>
internal sealed class PostgreSqlRestore : IRestoreServer
{
    /// <summary>The database that the administration is done from: never one that is renamed.</summary>
    public const string Administrative = "postgres";

    // "OpsS": locks on databases that are being loaded, by the hash of their names.
    private const int LockClass = 0x4f707353;

    // Nothing is lost when a server fails that holds a database which nobody uses yet: it is loaded once more.
    private const string SessionOptions = "-c synchronous_commit=off -c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0";

    // A server in use keeps its processes for those who use it; indexes of several tables are built at once as it is.
    private const string ScratchOptions = " -c max_parallel_maintenance_workers=0";

    private const int CountsAtOnce = 2;
    private static readonly TimeSpan LastWork = TimeSpan.FromSeconds(5);

    private readonly DatabaseTarget _target;
    private readonly PostgreSqlSession _session;

    private PostgreSqlRestore(DatabaseTarget target, PostgreSqlSession session) => (_target, _session) = (target, session);

    /// <summary>The connection for administration.</summary>
    public PostgreSqlSession Session => _session;

    /// <summary>Connects.</summary>
    /// <param name="target">The server.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The server.</returns>
    public static async Task<PostgreSqlRestore> OpenAsync(DatabaseTarget target, CancellationToken cancellationToken) =>
        new(target, await target.WithinAsync(token => PostgreSqlSession.OpenAsync(target, token, Administrative), cancellationToken));

    /// <inheritdoc/>
    public async Task RequireProgramsAsync(BackupSet set, CancellationToken cancellationToken)
    {
        var format = set.Manifest!.Format;
        var program = format switch
        {
            BackupFormat.PostgreSqlCustom or BackupFormat.PostgreSqlDirectory or BackupFormat.PostgreSqlTar => "pg_restore",
            BackupFormat.PostgreSqlPlain or BackupFormat.PostgreSqlAll => "psql",
            _ => throw NotRestorable(set, "PostgreSQL"),
        };
        await using var tool = await OpenToolAsync(set, program, cancellationToken);
        var made = Major(await DumpVersionAsync(set, cancellationToken));
        if (program == "pg_restore" && made is { } theirs && tool.Major > 0 && tool.Major < theirs)
        {
            throw new OpsException(
                "Backup.ToolTooOld",
                OpsErrorKind.NotInstalled,
                $"{set.Name} was made by pg_dump {theirs}, and {tool.Version} is what {tool.Host.Name} has, which may not be able to read it.",
                $"Install the client programs of version {theirs} or later there.",
                set.Name);
        }
    }

    /// <inheritdoc/>
    public async Task<SpaceNeed> ReadSpaceAsync(string? live, long least, CancellationToken cancellationToken)
    {
        var rows = await _session.QueryAsync(
            "SELECT (SELECT pg_database_size(oid) FROM pg_database WHERE datname = $1), CASE WHEN pg_has_role(current_user, 'pg_read_all_settings', 'member') THEN current_setting('data_directory') END",
            row => (Bytes: row.IsDBNull(0) ? 0 : row.GetInt64(0), Folder: row.IsDBNull(1) ? null : row.GetString(1)),
            cancellationToken,
            live ?? string.Empty);
        return await DataFolder.ReadAsync(_target, rows[0].Folder, Math.Max(rows[0].Bytes, least), cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> FindLeftAsync(string prefix, bool marked, CancellationToken cancellationToken) => await _session.QueryAsync(
        """
        SELECT d.datname::text FROM pg_database d
         WHERE starts_with(d.datname::text, $1) AND (NOT $3 OR starts_with(shobj_description(d.oid, 'pg_database'), $4))
           AND NOT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = $2::int::oid AND objid = hashtext(d.datname::text)::oid AND granted)
         ORDER BY 1
        """,
        row => row.GetString(0),
        cancellationToken,
        prefix,
        LockClass,
        marked,
        DatabaseMark.Restoring);

    /// <inheritdoc/>
    public async Task CreateAsync(string name, string? like, bool mark, CancellationToken cancellationToken)
    {
        // The lock comes first: a database without one is taken for left behind. One that is to stay has its mark before its name, so that it is known by one of them whatever ends this.
        await LockAsync(name, cancellationToken);
        var first = name;
        if (mark)
        {
            first = ScratchDatabase.NewName();
            await LockAsync(first, cancellationToken);
        }

        // An ordinary role may name no other owner, and not even the tablespace that it gets anyway.
        var found = like is null ? [] : await _session.QueryAsync(
            """
            SELECT concat(
                     format(' ENCODING %L LC_COLLATE %L LC_CTYPE %L', pg_encoding_to_char(d.encoding), d.datcollate, d.datctype),
                     CASE WHEN $2 THEN format(' OWNER %I', pg_get_userbyid(d.datdba)) END,
                     CASE WHEN d.dattablespace <> b.dattablespace THEN format(' TABLESPACE %I', t.spcname) END,
                     CASE WHEN to_jsonb(d)->>'datlocprovider' = 'i' THEN format(' LOCALE_PROVIDER icu ICU_LOCALE %L', coalesce(to_jsonb(d)->>'datlocale', to_jsonb(d)->>'daticulocale')) END)
              FROM pg_database d JOIN pg_tablespace t ON t.oid = d.dattablespace JOIN pg_database b ON b.datname = 'template0' WHERE d.datname = $1
            """,
            row => row.GetString(0),
            cancellationToken,
            like,
            mark);
        var options = found is [var text] ? text : string.Empty;
        await _session.ExecuteAsync($"CREATE DATABASE {PostgreSqlSession.Identifier(first)} TEMPLATE template0{options}", cancellationToken);
        if (mark)
        {
            await CommentAsync(first, DatabaseMark.Restoring, cancellationToken);
            await _session.ExecuteAsync($"ALTER DATABASE {PostgreSqlSession.Identifier(first)} RENAME TO {PostgreSqlSession.Identifier(name)}", cancellationToken);
            await UnlockAsync(first, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public async Task FinishAsync(string name, CancellationToken cancellationToken)
    {
        await CommentAsync(name, null, cancellationToken);
        await UnlockAsync(name, cancellationToken);
    }

    /// <summary>Sets the comment of a database, in which its mark stands.</summary>
    /// <param name="name">The database.</param>
    /// <param name="text">The comment; null for none.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>A task.</returns>
    public Task CommentAsync(string name, string? text, CancellationToken cancellationToken) => CommentAsync(_session, name, text, cancellationToken);

    /// <summary>Sets the comment of a database over another session.</summary>
    /// <param name="session">The session.</param>
    /// <param name="name">The database.</param>
    /// <param name="text">The comment; null for none.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>A task.</returns>
    public static async Task CommentAsync(PostgreSqlSession session, string name, string? text, CancellationToken cancellationToken)
    {
        // COMMENT takes no parameters, so the server writes the statement.
        var statement = await session.QueryAsync("SELECT format('COMMENT ON DATABASE %I IS %L', $1::text, $2::text)", row => row.GetString(0), cancellationToken, name, text ?? string.Empty);
        await session.ExecuteAsync(statement[0], cancellationToken);
    }

    /// <inheritdoc/>
    public async Task LoadAsync(BackupSet set, SetCheck check, string name, LoadOptions options, CancellationToken cancellationToken)
    {
        switch (set.Manifest!.Format)
        {
            case BackupFormat.PostgreSqlPlain or BackupFormat.PostgreSqlAll:
                await LoadSqlAsync(set, check, name, options, cancellationToken);
                break;
            case BackupFormat.PostgreSqlDirectory:
                await LoadFilesAsync(set, check, name, $"{set.Path}/{check.ArchiveFolder}", options, cancellationToken);
                break;
            default:
                if (await ReadsFileAsync(set, cancellationToken))
                {
                    await LoadFilesAsync(set, check, name, set.PathOf(check.Data), options, cancellationToken);
                }
                else
                {
                    await LoadStreamAsync(set, check, name, options, cancellationToken);
                }

                break;
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ManifestTable>> CountAsync(string name, CancellationToken cancellationToken)
    {
        ConcurrentQueue<(string Schema, string Table)> left;
        await using (var session = await PostgreSqlSession.OpenAsync(_target, cancellationToken, name))
        {
            // The largest first, so that no connection is left with it at the end.
            left = new(await session.QueryAsync(
                """
                SELECT n.nspname::text, c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                 WHERE c.relkind = 'r' AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%'
                 ORDER BY pg_relation_size(c.oid) DESC
                """,
                row => (row.GetString(0), row.GetString(1)),
                cancellationToken));
        }

        var counted = new ConcurrentBag<ManifestTable>();
        await Parallel.ForEachAsync(Enumerable.Range(0, Math.Min(CountsAtOnce, left.Count)), cancellationToken, async (_, token) =>
        {
            await using var session = await PostgreSqlSession.OpenAsync(_target, token, name);
            while (left.TryDequeue(out var next))
            {
                // Rows of tables that inherit from it are counted with those.
                counted.Add(new ManifestTable(next.Schema, next.Table, await CountAsync(session, "ONLY ", next.Schema, next.Table, token)));
            }
        });
        return [.. counted.OrderBy(table => table.Schema, StringComparer.Ordinal).ThenBy(table => table.Name, StringComparer.Ordinal)];
    }

    /// <inheritdoc/>
    public async Task<long?> CountAsync(string name, ManifestTable table, CancellationToken cancellationToken)
    {
        await using var session = await PostgreSqlSession.OpenAsync(_target, cancellationToken, name);
        var found = await session.QueryAsync(
            "SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p', 'm', 'v', 'f')", _ => true, cancellationToken, table.Schema, table.Name);
        return found.Count == 0 ? null : await CountAsync(session, string.Empty, table.Schema, table.Name, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task RequireSameAsync(CancellationToken cancellationToken)
    {
        // A question that nobody waits for would cost the connection, which is to drop what was made.
        cancellationToken.ThrowIfCancellationRequested();
        await _session.ExecuteAsync("SELECT 1", cancellationToken);
    }

    /// <inheritdoc/>
    public async Task DropAsync(string name, CancellationToken cancellationToken)
    {
        // FORCE came with version 13; the programs of a run that was killed may still be connected.
        await _session.QueryAsync("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()", _ => true, cancellationToken, name);
        await _session.ExecuteAsync($"DROP DATABASE IF EXISTS {PostgreSqlSession.Identifier(name)}{(_session.Version >= 130000 ? " WITH (FORCE)" : string.Empty)}", cancellationToken);
        await UnlockAsync(name, cancellationToken);
    }

    /// <summary>Gives up the lock on a database that stays.</summary>
    /// <param name="name">The database.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>A task.</returns>
    public Task UnlockAsync(string name, CancellationToken cancellationToken) =>
        _session.QueryAsync($"SELECT pg_advisory_unlock({LockClass.ToString(CultureInfo.InvariantCulture)}, hashtext($1)) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND classid = {LockClass.ToString(CultureInfo.InvariantCulture)}::oid AND objid = hashtext($1)::oid", _ => true, cancellationToken, name);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _session.DisposeAsync();

    /// <summary>The set has no form that such a server takes.</summary>
    public static OpsException NotRestorable(BackupSet set, string product) => new(
        "Backup.FormatNotRestorable",
        OpsErrorKind.InvalidArgument,
        $"{set.Name} is {set.Manifest?.Format.ToString() ?? "no set"}, which cannot be restored into {product}.",
        "Check the backup's 'database:' in the stack file.",
        set.Name);

    private async Task LockAsync(string name, CancellationToken cancellationToken) =>
        await _session.QueryAsync($"SELECT pg_advisory_lock({LockClass.ToString(CultureInfo.InvariantCulture)}, hashtext($1))", _ => true, cancellationToken, name);

    private static async Task<long> CountAsync(PostgreSqlSession session, string only, string schema, string table, CancellationToken cancellationToken) =>
        (await session.QueryAsync($"SELECT count(*) FROM {only}{PostgreSqlSession.Identifier(schema)}.{PostgreSqlSession.Identifier(table)}", row => row.GetInt64(0), cancellationToken))[0];

    private static int? Major(string? version) => int.TryParse(version?.Split('.', '(', '~', '-', '\n')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var major) ? major : null;

    // What wrote an archive stands in it, whoever made the set.
    private static async Task<string?> DumpVersionAsync(BackupSet set, CancellationToken cancellationToken)
    {
        var check = new SetCheck(set);
        if (set.Manifest!.Format == BackupFormat.PostgreSqlCustom)
        {
            var (content, file) = await check.OpenDataAsync(cancellationToken);
            await using (content)
            {
                return (await PgArchiveReader.PeekAsync(new ByteReader(content, file.Shown), cancellationToken)).DumpVersion;
            }
        }

        if (set.Manifest.Format == BackupFormat.PostgreSqlDirectory)
        {
            var path = check.ArchiveFolder + DumpFolder.Contents;
            await using var contents = await SetFile.OpenAsync(set, set.Files.First(file => file.Path == path), cancellationToken);
            return (await PgArchiveReader.PeekAsync(new ByteReader(contents, contents.Shown), cancellationToken)).DumpVersion;
        }

        return null;
    }

    // The program can be where the files are: on the server's host, or on this machine, from where the server is reached in any case.
    private bool ReadsFiles(BackupSet set) => set.Host.Name == _target.Host.Name || set.Host is LocalHost;

    private async Task<PostgreSqlTool> OpenToolAsync(BackupSet set, string program, CancellationToken cancellationToken)
    {
        var isFolder = set.Manifest!.Format == BackupFormat.PostgreSqlDirectory;
        var files = isFolder || (program == "pg_restore" && set.Manifest.Compression == BackupCompression.None && ReadsFiles(set));
        try
        {
            return await PostgreSqlTool.OpenAsync(_target, program, files ? set.Host : null, cancellationToken);
        }
        catch (OpsException error) when (error.Id == "Host.CommandNotFound" && files && !isFolder && set.Host.Name != _target.Host.Name)
        {
            // Where the server is, such as in its container, there may be one that the file can be sent to.
            return await PostgreSqlTool.OpenAsync(_target, program, null, cancellationToken);
        }
    }

    // The program that there is runs where the file is.
    private async Task<bool> ReadsFileAsync(BackupSet set, CancellationToken cancellationToken)
    {
        if (set.Manifest!.Compression != BackupCompression.None || !ReadsFiles(set))
        {
            return false;
        }

        await using var tool = await OpenToolAsync(set, "pg_restore", cancellationToken);
        return tool.Host.Name == set.Host.Name;
    }

    private static List<string> PgRestore(string name, LoadOptions options)
    {
        var arguments = new List<string> { "pg_restore", "--exit-on-error", "--no-password", "--dbname", name };
        if (options.IsScratch)
        {
            arguments.AddRange(["--no-owner", "--no-privileges", "--no-publications", "--no-subscriptions", "--no-security-labels", "--no-tablespaces"]);
        }

        return arguments;
    }

    // The program reads the files itself, several at once. Their checksums are made meanwhile, from what the machine then holds in memory anyway.
    private async Task LoadFilesAsync(BackupSet set, SetCheck check, string name, string path, LoadOptions options, CancellationToken cancellationToken)
    {
        var jobs = (options.Jobs ?? 2).ToString(CultureInfo.InvariantCulture);
        string[] parallel = set.Manifest!.Format == BackupFormat.PostgreSqlTar ? [] : ["--jobs", jobs];
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var sums = check.ReadAllAsync(stop.Token);
        var load = LoadAsync(stop.Token);
        try
        {
            await await Task.WhenAny(sums, load);
            await Task.WhenAll(sums, load);
        }
        catch
        {
            // A wrong checksum explains a failed load, not the other way round.
            await stop.CancelAsync();
            await Task.WhenAny(Task.WhenAll(sums, load));
            if (sums.IsFaulted && !cancellationToken.IsCancellationRequested)
            {
                await sums;
            }

            throw;
        }

        async Task LoadAsync(CancellationToken token)
        {
            string[] sections = [];
            if (options.IsScratch)
            {
                await RunAsync([.. PgRestore(name, options), "--section=pre-data", .. Wanted(options), "--", path], set, name, options, null, token);
                await using (var session = await PostgreSqlSession.OpenAsync(_target, token, name))
                {
                    await PostgreSqlUnlogged.ApplyAsync(session, token);
                }

                sections = ["--section=data", "--section=post-data"];
            }

            await RunAsync([.. PgRestore(name, options), .. sections, .. parallel, .. Wanted(options), "--", path], set, name, options, null, token);
        }
    }

    private async Task LoadStreamAsync(BackupSet set, SetCheck check, string name, LoadOptions options, CancellationToken cancellationToken)
    {
        var (content, file) = await check.OpenDataAsync(cancellationToken);
        await using (content)
        {
            OpsException? damage = null;
            try
            {
                await RunAsync([.. PgRestore(name, options), .. Wanted(options)], set, name, options, ReadAsync(), cancellationToken);
            }
            catch (OpsException) when (damage is not null)
            {
                // It only says that its input ended early.
            }
            catch (OpsException)
            {
                await check.ReadAllAsync(cancellationToken);
                throw;
            }

            if (damage is not null)
            {
                throw damage;
            }

            await check.FinishAsync(file, cancellationToken);

            async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync()
            {
                var buffer = new byte[256 * 1024];
                while (true)
                {
                    int count;
                    try
                    {
                        count = await content.ReadAsync(buffer, cancellationToken);
                    }
                    catch (OpsException error)
                    {
                        damage = error;
                        yield break;
                    }

                    if (count == 0)
                    {
                        yield break;
                    }

                    options.Progress?.Invoke(count);
                    yield return buffer.AsMemory(0, count);
                }
            }
        }
    }

    private async Task LoadSqlAsync(BackupSet set, SetCheck check, string name, LoadOptions options, CancellationToken cancellationToken)
    {
        var filter = PostgreSqlDumpFilter.For(set.Name, set.Manifest!.Format == BackupFormat.PostgreSqlAll, options.IsScratch, options.Database);
        var feed = new SqlFeed(check, filter, options.Progress);
        string[] arguments = ["psql", "--no-psqlrc", "--quiet", "--no-password", "--set", "ON_ERROR_STOP=1", "--output", "/dev/null", "--dbname", name];
        await FeedAsync(feed, filter, set, options, () => RunAsync(arguments, set, name, options, feed.ReadAsync(cancellationToken), cancellationToken), cancellationToken);
    }

    /// <summary>Runs a program on a feed, and says what was wrong with the dump rather than what the program made of it.</summary>
    internal static async Task FeedAsync(SqlFeed feed, SqlDumpFilter filter, BackupSet set, LoadOptions options, Func<Task> load, CancellationToken cancellationToken)
    {
        try
        {
            await load();
        }
        catch (OpsException) when (feed.Failure is not null)
        {
            // It only says that its input ended early.
        }
        catch (OpsException)
        {
            // A wrong checksum explains a failed load, and the load has not seen the whole file.
            await feed.Check.ReadAllAsync(cancellationToken);
            throw;
        }

        if (feed.Failure is { } damage)
        {
            throw damage;
        }

        if (!feed.IsComplete)
        {
            throw DumpErrors.Incomplete(set.Name, "it was not read to its end.");
        }

        if (!filter.Found)
        {
            throw new OpsException(
                "Backup.DatabaseNotInSet",
                OpsErrorKind.NotFound,
                $"{set.Name} is a dump of several databases, and '{options.Database}' is not among them.",
                "Check the database's name in the stack file.",
                set.Name);
        }
    }

    private async Task RunAsync(string[] arguments, BackupSet set, string name, LoadOptions options, IAsyncEnumerable<ReadOnlyMemory<byte>>? input, CancellationToken cancellationToken)
    {
        await using var tool = await OpenToolAsync(set, arguments[0], cancellationToken);

        // The end of its input ends the program in order; it is ended by force when that takes too long.
        var open = Channel.CreateUnbounded<ReadOnlyMemory<byte>>();
        using var force = new CancellationTokenSource();
        await using var ending = cancellationToken.Register(() =>
        {
            force.CancelAfter(input is null ? LastWork : TimeSpan.Zero);
            open.Writer.TryComplete();
        });
        try
        {
            // What reads files itself would go on without us.
            var command = input is null
                ? tool.WatchedCommand(name, arguments[1..]) with { FurtherInput = open.Reader.ReadAllAsync(CancellationToken.None) }
                : tool.Command(name, arguments[1..]) with { FurtherInput = input };
            var settings = $"{SessionOptions}{(options.IsScratch ? ScratchOptions : string.Empty)} -c maintenance_work_mem={await MemoryAsync(cancellationToken)}kB";
            var environment = new Dictionary<string, string>(command.Environment, StringComparer.Ordinal) { ["PGOPTIONS"] = settings, ["LC_ALL"] = "C" };
            await LoadProgram.RunAsync(tool.Host, command with { Environment = environment }, arguments[0], set.Name, force.Token);
        }
        catch (OpsException) when (cancellationToken.IsCancellationRequested)
        {
            cancellationToken.ThrowIfCancellationRequested();
        }
        finally
        {
            open.Writer.TryComplete();
        }
    }

    // For building one index. Others work on this server too: no more than a quarter of what it has for all of them, unless its administrator allows more.
    private async Task<string> MemoryAsync(CancellationToken cancellationToken) => (await _session.QueryAsync(
        "SELECT (greatest(pg_size_bytes(current_setting('maintenance_work_mem')), least(pg_size_bytes(current_setting('shared_buffers')) / 4, 268435456)) / 1024)::text",
        row => row.GetString(0),
        cancellationToken))[0];

    // Rows and definition of the tables, not what points at them: a foreign key to a table that is not there would stop everything.
    private static IEnumerable<string> Wanted(LoadOptions options) => options.Tables.SelectMany(table => (string[])["--table", table]);
}
