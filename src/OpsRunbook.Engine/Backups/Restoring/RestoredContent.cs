using System.Globalization;
using OpsRunbook.Engine.Databases;

namespace OpsRunbook.Engine.Backups;

/// <summary>Looks at what was restored: every table and row that was recorded, and what the stack says of whole data.</summary>
/// <param name="set">The set it came from.</param>
internal sealed class RestoredContent(BackupSet set)
{
    /// <summary>The tables with their rows.</summary>
    public IReadOnlyList<ManifestTable> Tables { get; private set; } = [];

    /// <summary>First value that the stack's query gave.</summary>
    public string? Answer { get; private set; }

    /// <summary>What was compared, in words.</summary>
    public string How { get; private set; } = string.Empty;

    /// <summary>Counts and compares.</summary>
    /// <param name="server">The server.</param>
    /// <param name="name">The restored database.</param>
    /// <param name="cancellationToken">Ends the counting.</param>
    /// <returns>A task.</returns>
    /// <exception cref="OpsException"><c>Backup.RowsDiffer</c>.</exception>
    public async Task CountAsync(IRestoreServer server, string name, CancellationToken cancellationToken)
    {
        var recorded = set.Manifest?.Tables ?? [];
        Tables = await server.CountAsync(name, cancellationToken);

        // In MySQL the schema is the database, which has another name here.
        var isMySql = set.Manifest!.Engine == BackupEngine.MySql;
        var found = Tables.ToDictionary(Key, table => table.Rows);
        foreach (var table in recorded)
        {
            if (!found.TryGetValue(Key(table), out var rows))
            {
                rows = await server.CountAsync(name, table, cancellationToken) ?? throw Differs($"the table {Show(table)} is missing");
            }

            if (rows != table.Rows)
            {
                throw Differs(FormattableString.Invariant($"{Show(table)} has {rows} rows and had {table.Rows} when it was backed up"));
            }
        }

        How = FormattableString.Invariant($"{Tables.Count} tables and {Tables.Sum(table => table.Rows)} rows")
            + (recorded.Count > 0 ? ", as many as were backed up" : string.Empty);

        (string, string) Key(ManifestTable table) => (isMySql ? string.Empty : table.Schema, table.Name);
    }

    /// <summary>Asks the stack's own question.</summary>
    /// <param name="target">The restored database.</param>
    /// <param name="database">A database of the stack with the same engine.</param>
    /// <param name="testQuery">The question; null for none.</param>
    /// <param name="cancellationToken">Ends the question.</param>
    /// <returns>A task.</returns>
    /// <exception cref="OpsException"><c>Backup.TestQueryFailed</c>.</exception>
    public async Task AskAsync(DatabaseTarget target, DatabaseMember database, string? testQuery, CancellationToken cancellationToken)
    {
        if (testQuery is null)
        {
            return;
        }

        var query = DatabaseAdapters.Query(database, target);
        object? first = null;
        try
        {
            await foreach (var row in query.ReadAsync(SqlStatement.Parse(testQuery, query.Engine, []), new Dictionary<string, object?>(StringComparer.OrdinalIgnoreCase), cancellationToken))
            {
                first = row.Values is [var value, ..] ? value : null;
                break;
            }
        }
        catch (OpsException error) when (error.Kind is not (OpsErrorKind.Connection or OpsErrorKind.Timeout))
        {
            throw Failed($"the query fails there: {error.Message}", error);
        }

        Answer = Convert.ToString(first, CultureInfo.InvariantCulture);
        if (first is null or false || Answer is "" or "0")
        {
            throw Failed($"it gives {(first is null ? "nothing" : Answer)}");
        }

        How += $", and testQuery gives {Answer}";
    }

    private static string Show(ManifestTable table) => table.Schema.Length == 0 ? table.Name : $"{table.Schema}.{table.Name}";

    private OpsException Differs(string what) => new(
        "Backup.RowsDiffer", OpsErrorKind.InvalidData, $"What was restored from {set.Name} is not what was backed up: {what}.", "Do not rely on this set; test an older one.", set.Name);

    private OpsException Failed(string what, Exception? inner = null) => new(
        "Backup.TestQueryFailed", OpsErrorKind.InvalidData, $"The stack's testQuery does not find the data of {set.Name} whole: {what}.", "Look at the data with Export-DbBackupData, and at the query in the stack file.", set.Name, inner);
}
