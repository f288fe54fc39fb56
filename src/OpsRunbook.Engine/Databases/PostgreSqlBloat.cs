namespace OpsRunbook.Engine.Databases;

/// <summary>
/// Estimates bloat from the widths that ANALYZE has found: the pages that the rows need, against the pages there are. The idea is that of
/// the well-known query of https://github.com/ioguix/pgsql-bloat-estimation (table/table_bloat.sql); here the columns are laid out one
/// after the other with their alignment, as https://www.postgresql.org/docs/15/storage-page-layout.html describes a row. Values stored
/// outside of the row (TOAST) and indexes are not part of it.
/// </summary>
internal static class PostgreSqlBloat
{
    private const int RowHeader = 23;
    private const int PageHeader = 24;
    private const int LinePointer = 4;
    private const int RowAlignment = 8;
    private const int FewestPages = 10;

    // Up to this length a value has a header of one byte and no alignment.
    private const int ShortValue = 126;
    private const double ManyChanges = 0.2;

    /// <summary>Estimates.</summary>
    /// <param name="rows">Rows when the table was last counted; less than 0 for never.</param>
    /// <param name="pages">Pages at that same time.</param>
    /// <param name="pageSize">Bytes of a page.</param>
    /// <param name="fillFactor">Percent of a page that is filled on purpose.</param>
    /// <param name="columns">Its columns in their order.</param>
    /// <param name="changedRows">Rows changed since; null when that is not known.</param>
    /// <returns>The estimate.</returns>
    public static TableBloat Estimate(double rows, int pages, int pageSize, int fillFactor, IReadOnlyList<PostgreSqlColumn> columns, long? changedRows)
    {
        if (rows < 0 || (rows == 0 && pages == 0))
        {
            return new TableBloat(null, DbEstimateTrust.None, "never analyzed");
        }

        var live = columns.Where(column => !column.Dropped).ToList();
        if (rows > 0 && live.Exists(column => column.Width is null))
        {
            return new TableBloat(null, DbEstimateTrust.None, "no statistics of its columns: never analyzed, or no right to read them");
        }

        if (pages == 0)
        {
            return new TableBloat(0, DbEstimateTrust.High, null);
        }

        var fixedWidth = live.TrueForAll(column => column is { Length: > 0, NullShare: 0 });
        var perPage = (pageSize - PageHeader) * fillFactor / 100.0 / (Align(RowBytes(live), RowAlignment, fixedWidth) + LinePointer);
        perPage = fixedWidth ? Math.Max(1, Math.Floor(perPage)) : perPage;
        var percent = Math.Clamp(100 * (1 - (Math.Ceiling(rows / perPage) / pages)), 0, 100);
        var (trust, note) = Judge(rows, pages, changedRows, columns.Any(column => column.Dropped), fixedWidth);
        return new TableBloat(Math.Round(percent, 1), trust, note);
    }

    private static (DbEstimateTrust Trust, string? Note) Judge(double rows, int pages, long? changedRows, bool dropped, bool fixedWidth)
    {
        if (changedRows is null || changedRows > rows * ManyChanges)
        {
            return (DbEstimateTrust.Low, changedRows is null ? "it is not known how much has changed since the last analyze" : "much has changed since the last analyze");
        }

        return pages < FewestPages ? (DbEstimateTrust.Low, "too small for an estimate")
            : dropped ? (DbEstimateTrust.Low, "dropped columns still take space in old rows")
            : fixedWidth ? (DbEstimateTrust.High, null)
            : (DbEstimateTrust.Medium, "average widths");
    }

    private static double RowBytes(List<PostgreSqlColumn> columns)
    {
        // Only a row with at least one null has a bitmap of them.
        var nulls = columns.Count == 0 ? 0 : columns.Max(column => column.NullShare ?? 0);
        var withBitmap = Align(RowHeader + ((columns.Count + 7) / 8), RowAlignment, exact: true);
        var header = ((1 - nulls) * Align(RowHeader, RowAlignment, exact: true)) + (nulls * withBitmap);
        var (data, exact) = (0.0, true);
        foreach (var column in columns)
        {
            var present = 1 - (column.NullShare ?? 0);
            var width = column.Length > 0 ? column.Length : column.Width ?? 0;
            var alignment = column.Length < 0 && width <= ShortValue ? 1 : column.Alignment;
            data += present * (Align(data, alignment, exact) - data + width);
            exact &= column.Length > 0 && present == 1;
        }

        return header + data;
    }

    // Where the beginning is an average, half of the largest gap is as good a guess as any.
    private static double Align(double position, int alignment, bool exact) =>
        exact ? Math.Ceiling(position / alignment) * alignment : position + ((alignment - 1) / 2.0);
}
