using System.Globalization;

namespace OpsRunbook.Engine.Databases;

/// <summary>The tables and indexes of MySQL and MariaDB.</summary>
/// <param name="member">The database.</param>
/// <param name="target">Where it is.</param>
internal sealed class MySqlTables(DatabaseMember member, DatabaseTarget target) : IDatabaseTables
{
    private const string SystemSchemas = "('mysql', 'information_schema', 'performance_schema', 'sys')";

    /// <inheritdoc/>
    public async Task<IReadOnlyList<DbTable>> ReadTablesAsync(CancellationToken cancellationToken)
    {
        await using var session = await MySqlSession.OpenAsync(target, cancellationToken);
        return await ReadTablesAsync(session, cancellationToken);
    }

    /// <summary>Reads the tables over a session that is open.</summary>
    /// <param name="session">The session.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The tables, the largest first.</returns>
    public async Task<IReadOnlyList<DbTable>> ReadTablesAsync(MySqlSession session, CancellationToken cancellationToken)
    {
        if (!session.IsMariaDb)
        {
            // MySQL 8 answers with figures of yesterday otherwise.
            await session.QueryAsync("SET SESSION information_schema_stats_expiry = 0", cancellationToken);
        }

        var filePerTable = (await session.RowAsync("SELECT @@innodb_file_per_table AS own", cancellationToken)).Number("own") == 1;
        var rows = await session.QueryAsync(
            $"""
            SELECT TABLE_SCHEMA AS s, TABLE_NAME AS t, ENGINE AS e, TABLE_ROWS AS r, DATA_LENGTH AS d, INDEX_LENGTH AS i, DATA_FREE AS f
              FROM information_schema.TABLES WHERE TABLE_TYPE = 'BASE TABLE' AND {Scope("TABLE_SCHEMA")}
            """,
            cancellationToken);
        return rows.Select(row => ToTable(row, filePerTable))
            .OrderByDescending(table => table.SizeBytes)
            .ThenBy(table => table.Schema, StringComparer.Ordinal)
            .ThenBy(table => table.Table, StringComparer.Ordinal)
            .ToList();
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<DbIndex>> ReadIndexesAsync(TimeSpan minimumAge, CancellationToken cancellationToken)
    {
        await using var session = await MySqlSession.OpenAsync(target, cancellationToken);
        var columns = await session.QueryAsync(
            $"""
            SELECT TABLE_SCHEMA AS s, TABLE_NAME AS t, INDEX_NAME AS x, NON_UNIQUE AS n, COLUMN_NAME AS c, SUB_PART AS p, COLLATION AS o, INDEX_TYPE AS k
              FROM information_schema.STATISTICS WHERE {Scope("TABLE_SCHEMA")} ORDER BY TABLE_SCHEMA, TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX
            """,
            cancellationToken);
        var keys = await session.QueryAsync(
            $"""
            SELECT TABLE_SCHEMA AS s, TABLE_NAME AS t, CONSTRAINT_NAME AS k, COLUMN_NAME AS c, REFERENCED_TABLE_SCHEMA AS rs, REFERENCED_TABLE_NAME AS rt, REFERENCED_COLUMN_NAME AS rc
              FROM information_schema.KEY_COLUMN_USAGE WHERE REFERENCED_TABLE_NAME IS NOT NULL AND ({Scope("TABLE_SCHEMA")} OR {Scope("REFERENCED_TABLE_SCHEMA")})
             ORDER BY TABLE_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION
            """,
            cancellationToken);
        var (statistics, scans) = await ReadUseAsync(session, cancellationToken);
        var sizes = await ReadSizesAsync(session, cancellationToken);
        var facts = columns
            .GroupBy(row => (Schema: row["s"] ?? string.Empty, Table: row["t"] ?? string.Empty, Index: row["x"] ?? string.Empty))
            .Select(index => ToFacts(index.Key, [.. index], keys, scans, sizes))
            .ToList();
        return IndexJudge.Judge(facts, statistics, minimumAge, member, target.Database.Database ?? string.Empty);
    }

    private static IndexFacts ToFacts(
        (string Schema, string Table, string Index) name,
        List<MySqlRow> columns,
        IReadOnlyList<MySqlRow> keys,
        Dictionary<(string Schema, string Table, string Index), long>? scans,
        Dictionary<(string Schema, string Table, string Index), long>? sizes)
    {
        var unique = columns[0].Number("n") == 0;
        var names = columns.Select(row => row["c"] ?? "(expression)").ToList();
        var needed = new List<string>();
        if (name.Index == "PRIMARY")
        {
            needed.Add("the primary key");
        }

        foreach (var key in keys.GroupBy(row => (Schema: row["s"], Table: row["t"], Name: row["k"])))
        {
            if (key.Key.Schema == name.Schema && key.Key.Table == name.Table && Leads(key.Select(row => row["c"]), names))
            {
                needed.Add($"the foreign key {key.Key.Name}");
            }

            if (key.First()["rs"] == name.Schema && key.First()["rt"] == name.Table && Leads(key.Select(row => row["rc"]), names))
            {
                needed.Add($"the foreign key that refers to it, {key.Key.Name}");
            }
        }

        return new IndexFacts(name.Schema, name.Table, name.Index)
        {
            Definition = $"{(unique ? "UNIQUE " : string.Empty)}{columns[0]["k"]} ({string.Join(", ", columns.Select(row => MySqlSession.Identifier(row["c"] ?? "(expression)") + (row["p"] is { } part ? $"({part})" : string.Empty) + (row["o"] == "D" ? " DESC" : string.Empty)))})",
            Shape = string.Join('|', columns.Select(row => $"{row["k"]} {row["c"] ?? name.Index} {row["p"]} {row["o"]}")),
            Bytes = sizes is null ? null : sizes.TryGetValue(name, out var bytes) ? bytes : null,
            Scans = scans is null ? null : scans.GetValueOrDefault(name),
            Unique = unique,
            Primary = name.Index == "PRIMARY",
            NeededBy = needed,
        };
    }

    // InnoDB needs an index whose first columns are those of the key.
    private static bool Leads(IEnumerable<string?> key, List<string> columns)
    {
        var wanted = key.ToList();
        return wanted.Count <= columns.Count && wanted.SequenceEqual(columns.Take(wanted.Count), StringComparer.OrdinalIgnoreCase);
    }

    private async Task<(IndexStatistics Statistics, Dictionary<(string Schema, string Table, string Index), long>? Scans)> ReadUseAsync(MySqlSession session, CancellationToken cancellationToken)
    {
        var uptime = (await session.QueryAsync("SHOW GLOBAL STATUS LIKE 'Uptime_since_flush_status'", cancellationToken)) is [var flushed, ..] ? flushed.Number("Value") : null;
        var since = uptime is { } seconds ? DateTime.UtcNow - TimeSpan.FromSeconds(seconds) : (DateTime?)null;
        var variables = await session.QueryAsync("SHOW GLOBAL VARIABLES WHERE Variable_name IN ('userstat', 'performance_schema')", cancellationToken);
        var counting = variables.Where(row => row["Value"] is "ON" or "1").Select(row => row["Variable_name"]).ToList();
        if (counting.Contains("userstat"))
        {
            var rows = await OptionalAsync("SELECT TABLE_SCHEMA AS s, TABLE_NAME AS t, INDEX_NAME AS x, ROWS_READ AS n FROM information_schema.INDEX_STATISTICS", cancellationToken);
            if (rows is not null)
            {
                return (new IndexStatistics(since, HasReplicas: false), ByIndex(rows));
            }
        }

        if (counting.Contains("performance_schema"))
        {
            var rows = await OptionalAsync(
                "SELECT OBJECT_SCHEMA AS s, OBJECT_NAME AS t, INDEX_NAME AS x, COUNT_STAR AS n FROM performance_schema.table_io_waits_summary_by_index_usage WHERE INDEX_NAME IS NOT NULL",
                cancellationToken);
            if (rows is not null)
            {
                return (new IndexStatistics(since, HasReplicas: false), ByIndex(rows));
            }
        }

        return (new IndexStatistics(null, HasReplicas: false, "The server does not count the use of indexes, or does not show it (userstat and performance_schema)."), null);
    }

    private async Task<Dictionary<(string Schema, string Table, string Index), long>?> ReadSizesAsync(MySqlSession session, CancellationToken cancellationToken)
    {
        var page = (await session.RowAsync("SELECT @@innodb_page_size AS page", cancellationToken)).Number("page") ?? 0;
        var rows = await OptionalAsync(
            $"SELECT database_name AS s, table_name AS t, index_name AS x, stat_value * {page.ToString(CultureInfo.InvariantCulture)} AS n FROM mysql.innodb_index_stats WHERE stat_name = 'size'", cancellationToken);
        return rows is null ? null : ByIndex(rows);
    }

    private static Dictionary<(string Schema, string Table, string Index), long> ByIndex(IReadOnlyList<MySqlRow> rows)
    {
        var result = new Dictionary<(string Schema, string Table, string Index), long>();
        foreach (var row in rows)
        {
            result[(row["s"] ?? string.Empty, row["t"] ?? string.Empty, row["x"] ?? string.Empty)] = row.Number("n") ?? 0;
        }

        return result;
    }

    // What only some users may read is asked for in a session of its own, which ends with a refusal.
    private async Task<IReadOnlyList<MySqlRow>?> OptionalAsync(string sql, CancellationToken cancellationToken)
    {
        await using var session = await MySqlSession.OpenAsync(target, cancellationToken);
        try
        {
            return await session.QueryAsync(sql, cancellationToken);
        }
        catch (OpsException error) when (error.Kind is OpsErrorKind.PermissionDenied or OpsErrorKind.OperationFailed)
        {
            return null;
        }
    }

    private string Scope(string column) => target.Database.Database is { } name
        ? $"{column} = {MySqlSession.Literal(name)}"
        : $"{column} NOT IN {SystemSchemas}";

    private DbTable ToTable(MySqlRow row, bool filePerTable)
    {
        var (schema, name, engine) = (row["s"] ?? string.Empty, row["t"] ?? string.Empty, row["e"] ?? "unknown");
        long data = row.Number("d") ?? 0, indexes = row.Number("i") ?? 0;

        // The free space of a shared tablespace is said again for every table in it.
        var shared = engine == "InnoDB" && !filePerTable;
        var free = shared ? null : row.Number("f");
        return new DbTable
        {
            Database = member.Name,
            Catalog = schema,
            Schema = schema,
            Table = name,
            Id = $"{MySqlSession.Identifier(schema)}.{MySqlSession.Identifier(name)}",
            Engine = engine,
            SizeBytes = data + indexes + (free ?? 0),
            TableBytes = data,
            IndexBytes = indexes,
            Rows = row.Number("r"),
            BloatBytes = free,
            BloatPercent = free is { } bytes && data + indexes + bytes > 0 ? Math.Round(100.0 * bytes / (data + indexes + bytes), 1) : null,
            BloatMethod = free is null ? null : "data_free",
            BloatTrust = free is null ? DbEstimateTrust.None : engine == "InnoDB" ? DbEstimateTrust.Low : DbEstimateTrust.Medium,
            BloatNote = shared ? "a shared tablespace does not tell what of it is the table's"
                : engine == "InnoDB" ? "free extents of its file only; pages that are half empty are not counted" : null,
            Host = member.HostName,
        };
    }
}
