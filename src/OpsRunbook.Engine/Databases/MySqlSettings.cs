using System.Globalization;

namespace OpsRunbook.Engine.Databases;

/// <summary>Settings of MySQL and MariaDB: <c>SET GLOBAL</c>, or <c>SET PERSIST</c> where the server has it.</summary>
/// <param name="target">Where it is.</param>
/// <param name="session">A session of it.</param>
internal sealed class MySqlSettings(DatabaseTarget target, MySqlSession session) : IDatabaseSettings
{
    /// <inheritdoc/>
    /// <remarks>MariaDB keeps nothing: what is to last stands in its option file, which is the administrator's.</remarks>
    public bool IsPersistent => !session.IsMariaDb;

    /// <inheritdoc/>
    public async Task<DatabaseSetting> ReadAsync(string name, CancellationToken cancellationToken)
    {
        var literal = MySqlSession.Literal(name.Replace('-', '_'));
        var rows = await AskAsync(
            session.IsMariaDb
                ? $"SELECT VARIABLE_NAME AS n, GLOBAL_VALUE AS v, VARIABLE_SCOPE AS s, VARIABLE_TYPE AS t, READ_ONLY AS r FROM information_schema.SYSTEM_VARIABLES WHERE VARIABLE_NAME = UPPER({literal})"
                : $"SELECT VARIABLE_NAME AS n, VARIABLE_VALUE AS v FROM performance_schema.global_variables WHERE VARIABLE_NAME = LOWER({literal})",
            cancellationToken);
        if (rows is not [var row])
        {
            throw await UnknownAsync(name, cancellationToken);
        }

        var setting = (row["n"] ?? name).ToLowerInvariant();
        var inUse = setting == "max_connections" ? (await AskAsync("SHOW GLOBAL STATUS LIKE 'Threads_connected'", cancellationToken))[0].Number("Value") : null;
        return new DatabaseSetting(setting, row["v"])
        {
            ReadOnly = row["r"] == "YES" ? $"it is read when the server starts; write {setting}=VALUE under [mysqld] in its option file and restart it"
                : row["s"] == "SESSION ONLY" ? "it belongs to a session alone" : null,
            IsForNewSessions = row["s"] is null or "SESSION",
            Type = row["t"],
            InUse = (int?)inUse,
        };
    }

    /// <inheritdoc/>
    public string Statement(DatabaseSetting setting, string? value) =>
        $"SET {(session.IsMariaDb ? "GLOBAL" : "PERSIST")} {MySqlSession.Identifier(setting.Name)} = {Literal(value)}";

    /// <inheritdoc/>
    public async Task<DatabaseSetting> SetAsync(DatabaseSetting setting, string? value, CancellationToken cancellationToken)
    {
        await AskAsync(Statement(setting, value), cancellationToken);
        return await ReadAsync(setting.Name, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => session.DisposeAsync();

    // A number is no text here, and the other way round a text that looks like one is taken for what it is by every setting.
    private static string Literal(string? value) => value is null ? "DEFAULT"
        : decimal.TryParse(value, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) ? number.ToString(CultureInfo.InvariantCulture)
        : MySqlSession.Literal(value);

    private Task<IReadOnlyList<MySqlRow>> AskAsync(string sql, CancellationToken cancellationToken) => target.WithinAsync(token => session.QueryAsync(sql, token), cancellationToken);

    private async Task<OpsException> UnknownAsync(string name, CancellationToken cancellationToken)
    {
        var rows = await AskAsync("SHOW GLOBAL VARIABLES", cancellationToken);
        return new OpsException(
            "Db.SettingUnknown", OpsErrorKind.NotFound, $"{target.Text} has no setting '{name}'.", Nearest.Suggest(name, rows.Select(row => row.Values[0]).OfType<string>()), name);
    }
}
