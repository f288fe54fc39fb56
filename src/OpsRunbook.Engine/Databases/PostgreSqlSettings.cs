using System.Diagnostics;

namespace OpsRunbook.Engine.Databases;

/// <summary>Settings of PostgreSQL: <c>ALTER SYSTEM</c>, and a reload as a command of its own.</summary>
/// <param name="target">Where it is.</param>
/// <param name="session">A session of it.</param>
internal sealed class PostgreSqlSettings(DatabaseTarget target, PostgreSqlSession session) : IDatabaseSettings
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan ReloadWait = TimeSpan.FromSeconds(3);

    // Lists of names. Written as one text, "a,b" would be the name of one thing, and the server would not start again.
    private static readonly string[] Lists =
        ["shared_preload_libraries", "session_preload_libraries", "local_preload_libraries", "search_path", "temp_tablespaces", "unix_socket_directories"];

    /// <inheritdoc/>
    public bool IsPersistent => true;

    /// <inheritdoc/>
    public async Task<DatabaseSetting> ReadAsync(string name, CancellationToken cancellationToken)
    {
        var found = await target.WithinAsync(
            token => session.QueryAsync(
                """
                SELECT s.name, current_setting(s.name), s.context, s.pending_restart, s.source, s.vartype,
                       CASE WHEN s.name = 'max_connections' THEN
                         (SELECT count(*)::int FROM pg_stat_activity WHERE datid IS NOT NULL AND usesysid IS NOT NULL AND backend_type IS DISTINCT FROM 'autovacuum worker') END
                  FROM pg_settings s
                 WHERE lower(s.name) = lower($1)
                """,
                row => new DatabaseSetting(row.GetString(0), row.GetString(1))
                {
                    ReadOnly = row.GetString(2) == "internal" ? "it was fixed when the server was built or its data folder made" : null,
                    NeedsRestart = row.GetString(2) == "postmaster",
                    IsPending = row.GetBoolean(3),
                    IsForNewSessions = row.GetString(2) is "backend" or "superuser-backend",
                    OverriddenBy = row.GetString(4) is "command line" or "environment variable" or "override" ? "the server's " + row.GetString(4)
                        : row.GetString(4) is "database" or "user" or "database user" ? "what ALTER DATABASE or ALTER ROLE says for this user here" : null,
                    Type = row.GetString(5),
                    InUse = row.IsDBNull(6) ? null : row.GetInt32(6),
                },
                token,
                name),
            cancellationToken);
        if (found is not [var setting])
        {
            throw await UnknownAsync(name, cancellationToken);
        }

        // Only a superuser may look into the files, as only one may write there.
        var persistent = await target.WithinAsync(
            async token => (await session.QueryAsync("SELECT has_function_privilege('pg_show_all_file_settings()', 'execute')", row => row.GetBoolean(0), token))[0]
                ? await session.QueryAsync(
                    "SELECT setting FROM pg_file_settings WHERE name = $1 AND sourcefile LIKE '%/postgresql.auto.conf' ORDER BY seqno DESC LIMIT 1", row => row.IsDBNull(0) ? string.Empty : row.GetString(0), token, setting.Name)
                : [],
            cancellationToken);
        return setting with { PersistentValue = persistent is [var kept] ? kept : null };
    }

    /// <inheritdoc/>
    public string Statement(DatabaseSetting setting, string? value)
    {
        var name = string.Join('.', setting.Name.Split('.').Select(PostgreSqlSession.Identifier));
        return value is null ? $"ALTER SYSTEM RESET {name}" : $"ALTER SYSTEM SET {name} = {Literal(setting, value)}";
    }

    /// <inheritdoc/>
    public async Task<DatabaseSetting> SetAsync(DatabaseSetting setting, string? value, CancellationToken cancellationToken)
    {
        await target.WithinAsync(
            async token =>
            {
                // Neither may stand in a transaction with anything else.
                await session.ExecuteAsync(Statement(setting, value), token);
                var before = (await session.QueryAsync("SELECT clock_timestamp()", row => row.GetDateTime(0), token))[0];
                await session.QueryAsync("SELECT pg_reload_conf()", row => row.GetBoolean(0), token);
                var start = Stopwatch.GetTimestamp();
                while (!(await session.QueryAsync("SELECT pg_conf_load_time() >= $1", row => row.GetBoolean(0), token, before))[0] && Stopwatch.GetElapsedTime(start) < ReloadWait)
                {
                    await Task.Delay(Poll, token);
                }

                return true;
            },
            cancellationToken);
        return await ReadAsync(setting.Name, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => session.DisposeAsync();

    private static string Literal(DatabaseSetting setting, string value) => Lists.Contains(setting.Name, StringComparer.Ordinal)
        ? value.Trim().Length == 0 ? "''" : string.Join(", ", value.Split(',').Select(item => Quote(item.Trim().Trim('"'))))
        : Quote(value);

    private static string Quote(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    private async Task<OpsException> UnknownAsync(string name, CancellationToken cancellationToken)
    {
        var names = await target.WithinAsync(token => session.QueryAsync("SELECT name FROM pg_settings", row => row.GetString(0), token), cancellationToken);
        return new OpsException("Db.SettingUnknown", OpsErrorKind.NotFound, $"{target.Text} has no setting '{name}'.", Nearest.Suggest(name, names), name);
    }
}
