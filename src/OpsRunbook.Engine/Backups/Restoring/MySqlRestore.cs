using System.Globalization;
using OpsRunbook.Engine.Databases;

namespace OpsRunbook.Engine.Backups;

/// <summary>Restores into a server of MySQL or MariaDB. The session holds the locks on what is made here.</summary>
internal sealed class MySqlRestore : IRestoreServer
{
    // Locks are the server's, so their names say whose they are. 64 characters are allowed.
    private const string LockPrefix = "opsrunbook:";

    // A schema has no comment in which it could say what it is.
    private const string Mark = "opsrunbook_unfinished";

    private readonly DatabaseTarget _target;
    private readonly MySqlSession _session;
    private readonly bool _offersTls;
    private readonly List<string> _events = [];

    private MySqlRestore(DatabaseTarget target, MySqlSession session, bool offersTls) => (_target, _session, _offersTls) = (target, session, offersTls);

    /// <summary>Events that the dump would have begun to run. They were created switched off.</summary>
    public IReadOnlyList<string> Events => _events;

    /// <summary>Connects.</summary>
    /// <param name="target">The server.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The server.</returns>
    public static async Task<MySqlRestore> OpenAsync(DatabaseTarget target, CancellationToken cancellationToken)
    {
        // Not in the database that the stack names: it may be the one that is gone.
        var server = target with { Database = ScratchDatabase.At(target.Database, "mysql") };
        var greeting = await target.WithinAsync(token => GreetAsync(target, token), cancellationToken);
        return new MySqlRestore(target, await target.WithinAsync(token => MySqlSession.OpenAsync(server, greeting, token), cancellationToken), greeting.OffersTls);
    }

    /// <inheritdoc/>
    public async Task RequireProgramsAsync(BackupSet set, CancellationToken cancellationToken)
    {
        if (set.Manifest!.Format != BackupFormat.MySqlPlain)
        {
            throw PostgreSqlRestore.NotRestorable(set, "MySQL or MariaDB");
        }

        // The session is the program's already; its first answer says whether it is there.
        await _session.QueryAsync("SET SESSION wait_timeout = 604800", cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<SpaceNeed> ReadSpaceAsync(string? live, long least, CancellationToken cancellationToken)
    {
        var row = await _session.RowAsync(
            $"SELECT @@datadir AS f, (SELECT SUM(DATA_LENGTH + INDEX_LENGTH) FROM information_schema.TABLES WHERE TABLE_SCHEMA = {MySqlSession.Literal(live ?? string.Empty)}) AS n", cancellationToken);
        return await DataFolder.ReadAsync(_target, row["f"], Math.Max(row.Number("n") ?? 0, least), cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> FindLeftAsync(string prefix, bool marked, CancellationToken cancellationToken)
    {
        var rows = await _session.QueryAsync(
            $"SELECT SCHEMA_NAME AS s FROM information_schema.SCHEMATA WHERE LEFT(SCHEMA_NAME, {prefix.Length.ToString(CultureInfo.InvariantCulture)}) = {MySqlSession.Literal(prefix)} AND IS_FREE_LOCK(CONCAT({MySqlSession.Literal(LockPrefix)}, RIGHT(SCHEMA_NAME, 40)))"
            + (marked ? $" AND EXISTS (SELECT 1 FROM information_schema.TABLES t WHERE t.TABLE_SCHEMA = SCHEMA_NAME AND t.TABLE_NAME = {MySqlSession.Literal(Mark)})" : string.Empty),
            cancellationToken);
        return rows.Select(row => row["s"]).OfType<string>().ToList();
    }

    /// <inheritdoc/>
    public async Task CreateAsync(string name, string? like, bool mark, CancellationToken cancellationToken)
    {
        await _session.QueryAsync($"SELECT GET_LOCK({LockOf(name)}, 0) AS l", cancellationToken);
        var options = like is null ? [] : await _session.QueryAsync(
            $"SELECT DEFAULT_CHARACTER_SET_NAME AS c, DEFAULT_COLLATION_NAME AS o FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = {MySqlSession.Literal(like)}", cancellationToken);
        var charset = options is [var row] ? $" CHARACTER SET {MySqlSession.Identifier(row["c"]!)} COLLATE {MySqlSession.Identifier(row["o"]!)}" : string.Empty;
        await _session.QueryAsync($"CREATE DATABASE {MySqlSession.Identifier(name)}{charset}", cancellationToken);
        if (mark)
        {
            await _session.QueryAsync($"CREATE TABLE {MySqlSession.Identifier(name)}.{MySqlSession.Identifier(Mark)} (unfinished INT)", cancellationToken);
        }
    }

    /// <inheritdoc/>
    public async Task FinishAsync(string name, CancellationToken cancellationToken)
    {
        await _session.QueryAsync($"DROP TABLE IF EXISTS {MySqlSession.Identifier(name)}.{MySqlSession.Identifier(Mark)}", cancellationToken);
        await _session.QueryAsync($"SELECT RELEASE_LOCK({LockOf(name)}) AS l", cancellationToken);
    }

    /// <inheritdoc/>
    public async Task LoadAsync(BackupSet set, SetCheck check, string name, LoadOptions options, CancellationToken cancellationToken)
    {
        var filter = MySqlDumpFilter.For(set.Name, options.Database);
        var feed = new SqlFeed(check, filter, options.Progress);

        // Everything about the client is said in the session's own options; its database is the new one.
        var target = _target with { Database = ScratchDatabase.At(_target.Database, name) };
        var command = new MySqlTool(target, "mariadb", "mysql").Command(_offersTls, "--batch", "--skip-xml");
        await PostgreSqlRestore.FeedAsync(
            feed,
            filter,
            set,
            options,
            () => LoadProgram.RunAsync(_target.Host, command with { FurtherInput = feed.ReadAsync(cancellationToken) }, "mariadb", set.Name, cancellationToken),
            cancellationToken);
        _events.AddRange(filter.Events);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ManifestTable>> CountAsync(string name, CancellationToken cancellationToken)
    {
        var tables = await _session.QueryAsync(
            $"SELECT TABLE_NAME AS t FROM information_schema.TABLES WHERE TABLE_SCHEMA = {MySqlSession.Literal(name)} AND TABLE_TYPE IN ('BASE TABLE', 'SEQUENCE', 'SYSTEM VERSIONED') ORDER BY TABLE_NAME", cancellationToken);
        var counted = new List<ManifestTable>(tables.Count);
        foreach (var table in tables.Select(row => row["t"]!).Where(table => table != Mark))
        {
            var rows = (await _session.RowAsync($"SELECT COUNT(*) AS n FROM {MySqlSession.Identifier(name)}.{MySqlSession.Identifier(table)}", cancellationToken)).Number("n") ?? 0;
            counted.Add(new ManifestTable(name, table, rows));
        }

        return counted;
    }

    /// <inheritdoc/>
    public async Task<long?> CountAsync(string name, ManifestTable table, CancellationToken cancellationToken)
    {
        var found = await _session.QueryAsync($"SELECT 1 AS x FROM information_schema.TABLES WHERE TABLE_SCHEMA = {MySqlSession.Literal(name)} AND TABLE_NAME = {MySqlSession.Literal(table.Name)}", cancellationToken);
        return found.Count == 0 ? null : (await _session.RowAsync($"SELECT COUNT(*) AS n FROM {MySqlSession.Identifier(name)}.{MySqlSession.Identifier(table.Name)}", cancellationToken)).Number("n");
    }

    // What it has taken it has written down.
    /// <inheritdoc/>
    public Task RequireSameAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public async Task DropAsync(string name, CancellationToken cancellationToken)
    {
        // A table that a killed run still loads into would hold this up.
        foreach (var row in await _session.QueryAsync($"SELECT ID AS i FROM information_schema.PROCESSLIST WHERE DB = {MySqlSession.Literal(name)} AND ID <> CONNECTION_ID()", cancellationToken))
        {
            await KillAsync(row.Number("i") ?? 0, cancellationToken);
        }

        await _session.QueryAsync($"DROP DATABASE IF EXISTS {MySqlSession.Identifier(name)}", cancellationToken);
        await _session.QueryAsync($"SELECT RELEASE_LOCK({LockOf(name)}) AS l", cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _session.DisposeAsync();

    private static async Task<MySqlHandshake> GreetAsync(DatabaseTarget target, CancellationToken cancellationToken)
    {
        await using var stream = await target.ConnectAsync(cancellationToken);
        return await MySqlHandshake.ReadAsync(stream, target.Text, cancellationToken);
    }

    private static string LockOf(string name) => MySqlSession.Literal(LockPrefix + (name.Length > 40 ? name[^40..] : name));

    // A statement that fails ends the session, and the one that is killed may be gone already: so from another one.
    private async Task KillAsync(long id, CancellationToken cancellationToken)
    {
        try
        {
            await using var other = await MySqlSession.OpenAsync(_target with { Database = ScratchDatabase.At(_target.Database, "mysql") }, cancellationToken);
            await other.QueryAsync($"KILL {id.ToString(CultureInfo.InvariantCulture)}", cancellationToken);
        }
        catch (OpsException)
        {
            // It has ended by itself.
        }
    }
}
