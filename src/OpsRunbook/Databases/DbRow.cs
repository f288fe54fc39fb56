namespace OpsRunbook;

/// <summary>A row of a query. In PowerShell it becomes an object with a property for each column, in their order.</summary>
public sealed class DbRow
{
    /// <summary>A row.</summary>
    /// <param name="columns">Names of the columns, each once, capital letters aside; rows of one answer share the list.</param>
    /// <param name="values">The values in the same order; null for NULL.</param>
    public DbRow(IReadOnlyList<string> columns, IReadOnlyList<object?> values)
    {
        Columns = columns;
        Values = values;
    }

    /// <summary>Names of the columns in their order.</summary>
    public IReadOnlyList<string> Columns { get; }

    /// <summary>The values in the same order; null for NULL.</summary>
    public IReadOnlyList<object?> Values { get; }

    /// <summary>The value of a column; null for NULL and for a column that is not there.</summary>
    /// <param name="name">Name of the column, capital letters aside.</param>
    public object? this[string name]
    {
        get
        {
            for (var index = 0; index < Columns.Count; index++)
            {
                if (string.Equals(Columns[index], name, StringComparison.OrdinalIgnoreCase))
                {
                    return Values[index];
                }
            }

            return null;
        }
    }
}
