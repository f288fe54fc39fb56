namespace OpsRunbook.Engine.Databases;

/// <summary>A column as PostgreSQL stores it.</summary>
/// <param name="Length">Bytes of a value; -1 when each has its own.</param>
/// <param name="Alignment">Bytes that a value begins at a multiple of.</param>
/// <param name="Dropped">The column is gone, its values are still in old rows.</param>
/// <param name="NullShare">Part of the rows without a value; null without statistics.</param>
/// <param name="Width">Average bytes of a value that is there; null without statistics.</param>
internal sealed record PostgreSqlColumn(int Length, int Alignment, bool Dropped, double? NullShare, int? Width);
