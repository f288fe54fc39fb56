namespace OpsRunbook.Engine.Backups;

/// <summary>Which rows are wanted out of which set.</summary>
/// <param name="Query">One statement that reads, with <c>@name</c> or <c>:name</c> where values belong.</param>
/// <param name="Parameters">Values by name.</param>
public sealed record BackupExportRequest(string Query, IReadOnlyDictionary<string, object?> Parameters)
{
    /// <summary>Name of the set, with wildcards; the newest that fits. Null for the newest of all.</summary>
    public string? Set { get; init; }

    /// <summary>Tables that the query reads; empty for everything.</summary>
    public IReadOnlyList<string> Tables { get; init; } = [];

    /// <summary>Database of the stack on whose server the set is restored; null for the one that was backed up.</summary>
    public string? Server { get; init; }

    /// <summary>So many connections load at once where the format allows; null for two.</summary>
    public int? Jobs { get; init; }
}
