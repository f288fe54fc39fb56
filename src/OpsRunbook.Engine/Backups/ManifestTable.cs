namespace OpsRunbook.Engine.Backups;

/// <summary>Number of rows of a table when it was backed up.</summary>
/// <param name="Schema">Schema; for MySQL the database. Empty where there is none.</param>
/// <param name="Name">Table.</param>
/// <param name="Rows">Its rows.</param>
internal sealed record ManifestTable(string Schema, string Name, long Rows);
