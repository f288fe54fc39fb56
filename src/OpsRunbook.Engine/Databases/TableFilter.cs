namespace OpsRunbook.Engine.Databases;

/// <summary>Which tables are meant.</summary>
/// <param name="Tables">Names with wildcards, with or without schema; none for all.</param>
/// <param name="Schemas">Schemas with wildcards; none for all.</param>
public sealed record TableFilter(IReadOnlyList<string> Tables, IReadOnlyList<string> Schemas)
{
    /// <summary>Exactly these tables, by <see cref="DbTable.Id"/>; none for no such limit.</summary>
    public IReadOnlyCollection<string> Ids { get; init; } = [];

    /// <summary>Only tables of this size and more, in bytes.</summary>
    public long MinimumBytes { get; init; }

    /// <summary>Picks tables.</summary>
    /// <param name="tables">All of them.</param>
    /// <param name="database">Name of the database, for messages.</param>
    /// <param name="output">Takes an error for each name that fits nothing.</param>
    /// <returns>Those that are meant.</returns>
    public IReadOnlyList<DbTable> Choose(IReadOnlyList<DbTable> tables, string database, IOperationOutput output)
    {
        ArgumentNullException.ThrowIfNull(tables);
        ArgumentNullException.ThrowIfNull(output);
        var (names, schemas) = (new NameFilter(Tables), new NameFilter(Schemas));
        var chosen = tables
            .Where(table => Includes(schemas, names, table.Schema, table.Table, table.PartitionOf))
            .Where(table => Ids.Count == 0 || Ids.Contains(table.Id))
            .ToList();
        Report(schemas, names, database, output);
        foreach (var gone in Ids.Where(id => !tables.Any(table => table.Id == id)))
        {
            output.Error(new OpsException("Db.TableNotFound", OpsErrorKind.NotFound, $"The table {gone} of {database} is no longer there.", "Look again with Get-DbTable.", gone));
        }

        return chosen.Where(table => table.SizeBytes >= MinimumBytes).ToList();
    }

    /// <summary>A table is meant, also by the name of the partitioned table that it is a part of.</summary>
    internal static bool Includes(NameFilter schemas, NameFilter names, string schema, string table, string? partitionOf)
    {
        var parent = partitionOf?.StartsWith(schema + ".", StringComparison.Ordinal) == true ? partitionOf[(schema.Length + 1)..] : null;
        return schemas.Includes(schema) & names.Includes(table, $"{schema}.{table}", partitionOf, parent);
    }

    /// <summary>Says which names picked nothing.</summary>
    internal static void Report(NameFilter schemas, NameFilter names, string database, IOperationOutput output)
    {
        foreach (var error in schemas.Unused("Db.SchemaNotFound", $"schema in {database} that goes by").Concat(names.Unused("Db.TableNotFound", $"table in {database} that goes by")))
        {
            output.Error(error);
        }
    }
}
