using OpsRunbook.Engine.Databases;

namespace OpsRunbook.Engine.Backups;

/// <summary>
/// Puts one database of a PostgreSQL server in the place of another. Both renames and all that belongs to them are one transaction: whatever ends
/// this in the middle, applications find the old database or the new one, never none.
/// </summary>
/// <param name="server">The server.</param>
/// <param name="target">How it is reached.</param>
internal sealed class PostgreSqlSwap(PostgreSqlRestore server, DatabaseTarget target)
{
    // The server itself waits five seconds for sessions to go before it refuses.
    private const int Attempts = 6;
    private const string ObjectInUse = "(55006)";
    private static readonly TimeSpan BetweenEndings = TimeSpan.FromMilliseconds(100);

    /// <summary>The mark of a database.</summary>
    /// <param name="name">The database.</param>
    /// <param name="cancellationToken">Ends the question.</param>
    /// <returns>Whether there is such a database, its comment, and its mark; null for none of ours.</returns>
    public async Task<(bool Exists, string? Comment, DatabaseMark? Mark)> ReadAsync(string name, CancellationToken cancellationToken)
    {
        var rows = await server.Session.QueryAsync(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = $1", row => row.IsDBNull(0) ? null : row.GetString(0), cancellationToken, name);
        return rows is [var comment] ? (true, comment, DatabaseMark.Read(comment)) : (false, null, null);
    }

    /// <summary>Gives a new database what belongs to the old one but stands in no dump: grants on it, settings, the limit of connections.</summary>
    /// <param name="from">The old one.</param>
    /// <param name="to">The new one.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>A task.</returns>
    public async Task CopyPropertiesAsync(string from, string to, CancellationToken cancellationToken)
    {
        var statements = await server.Session.QueryAsync(
            """
            SELECT format('ALTER DATABASE %I CONNECTION LIMIT %s', $2::text, datconnlimit) FROM pg_database WHERE datname = $1
            UNION ALL
            SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', $2::text) FROM pg_database WHERE datname = $1 AND datacl IS NOT NULL
            UNION ALL
            SELECT format('GRANT %s ON DATABASE %I TO %s%s', a.privilege_type, $2::text, CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
                          CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
              FROM pg_database d, aclexplode(d.datacl) a WHERE d.datname = $1
            """,
            row => row.GetString(0),
            cancellationToken,
            from,
            to);
        foreach (var statement in statements)
        {
            await server.Session.ExecuteAsync(statement, cancellationToken);
        }

        // A setting may be a list, whose form only the server knows: it takes it from a session that has it.
        var settings = await server.Session.QueryAsync(
            """
            SELECT split_part(c, '=', 1), substr(c, strpos(c, '=') + 1), CASE WHEN s.setrole = 0 THEN NULL ELSE pg_get_userbyid(s.setrole)::text END
              FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase, unnest(s.setconfig) c WHERE d.datname = $1
            """,
            row => (Name: row.GetString(0), Value: row.GetString(1), Role: row.IsDBNull(2) ? null : row.GetString(2)),
            cancellationToken,
            from);
        foreach (var (name, value, role) in settings)
        {
            await using var session = await PostgreSqlSession.OpenAsync(target, cancellationToken, PostgreSqlRestore.Administrative);
            await session.QueryAsync("SELECT set_config($1, $2, false)", _ => true, cancellationToken, name, value);
            var subject = role is null ? $"ALTER DATABASE {PostgreSqlSession.Identifier(to)}" : $"ALTER ROLE {PostgreSqlSession.Identifier(role)} IN DATABASE {PostgreSqlSession.Identifier(to)}";
            await session.ExecuteAsync($"{subject} SET {string.Join('.', name.Split('.').Select(PostgreSqlSession.Identifier))} FROM CURRENT", cancellationToken);
        }
    }

    /// <summary>Renames. Sessions on both are ended; those that come meanwhile wait at the server and find what is there then.</summary>
    /// <param name="live">Name that applications use.</param>
    /// <param name="incoming">Database that gets that name.</param>
    /// <param name="kept">Name that the old one gets; null when there is none.</param>
    /// <param name="comment">Comment of the old one of its own.</param>
    /// <param name="stopped">Services that are started again afterwards.</param>
    /// <param name="cancellationToken">Ends it; nothing is then renamed.</param>
    /// <returns>A task.</returns>
    /// <exception cref="OpsException"><c>Backup.SwapFailed</c>: sessions could not be moved off; nothing was renamed.</exception>
    public async Task RenameAsync(string live, string incoming, string? kept, string? comment, IReadOnlyList<string> stopped, CancellationToken cancellationToken)
    {
        await using var session = await PostgreSqlSession.OpenAsync(target, cancellationToken, PostgreSqlRestore.Administrative);
        for (var attempt = 1; ; attempt++)
        {
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var ending = EndSessionsAsync(live, incoming, session.ProcessId, ended.Token);
            try
            {
                await session.ExecuteAsync("BEGIN", cancellationToken);
                if (kept is not null)
                {
                    await session.ExecuteAsync($"ALTER DATABASE {PostgreSqlSession.Identifier(live)} RENAME TO {PostgreSqlSession.Identifier(kept)}", cancellationToken);
                    await session.ExecuteAsync($"ALTER DATABASE {PostgreSqlSession.Identifier(kept)} ALLOW_CONNECTIONS false", cancellationToken);
                    await PostgreSqlRestore.CommentAsync(session, kept, new DatabaseMark(DatabaseMark.Kept, live) { Comment = comment }.Write(), cancellationToken);
                }

                await session.ExecuteAsync($"ALTER DATABASE {PostgreSqlSession.Identifier(incoming)} RENAME TO {PostgreSqlSession.Identifier(live)}", cancellationToken);
                await session.ExecuteAsync($"ALTER DATABASE {PostgreSqlSession.Identifier(live)} ALLOW_CONNECTIONS true", cancellationToken);
                await PostgreSqlRestore.CommentAsync(session, live, stopped.Count == 0 ? comment : new DatabaseMark(DatabaseMark.Starting, live) { Comment = comment, Stopped = stopped }.Write(), cancellationToken);
                await session.ExecuteAsync("COMMIT", cancellationToken);
                return;
            }
            catch (OpsException error) when (error.Id == "Db.Failed" && error.Message.Contains(ObjectInUse, StringComparison.Ordinal))
            {
                await session.ExecuteAsync("ROLLBACK", cancellationToken);
                if (attempt == Attempts)
                {
                    throw new OpsException(
                        "Backup.SwapFailed",
                        OpsErrorKind.Refused,
                        $"'{live}' on {target.Text} could not be replaced, because others connect to it again and again: {error.Message}",
                        "See who with Get-DbSession, stop those applications, and restore again. Nothing was renamed.",
                        live,
                        error);
                }
            }
            finally
            {
                await ended.CancelAsync();
                await ending;
            }
        }
    }

    private async Task EndSessionsAsync(string live, string incoming, int own, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await server.Session.QueryAsync(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname IN ($1, $2) AND pid NOT IN (pg_backend_pid(), $3)", _ => true, CancellationToken.None, live, incoming, own);
                await Task.Delay(BetweenEndings, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The renames are done, or have failed.
        }
        catch (OpsException error) when (error.Id == "Db.Forbidden")
        {
            // Another role's sessions; the rename says that they are there.
        }
    }
}
