namespace OpsRunbook.Engine.Databases;

/// <summary>A row as the client prints it.</summary>
/// <param name="Names">Names of the columns in their order; two may be equal.</param>
/// <param name="Values">The values as text; null for NULL.</param>
internal sealed record MySqlRow(IReadOnlyList<string> Names, IReadOnlyList<string?> Values)
{
    /// <summary>The value of a column, the first one of that name, capital letters aside.</summary>
    /// <param name="name">Its name.</param>
    /// <returns>The value; null for NULL and for a column that is not there.</returns>
    public string? this[string name]
    {
        get
        {
            for (var index = 0; index < Names.Count; index++)
            {
                if (string.Equals(Names[index], name, StringComparison.OrdinalIgnoreCase))
                {
                    return Values[index];
                }
            }

            return null;
        }
    }

    /// <summary>The value of a column as a whole number.</summary>
    /// <param name="name">Its name.</param>
    /// <returns>The number; null for NULL and for what is none.</returns>
    public long? Number(string name) =>
        long.TryParse(this[name], System.Globalization.CultureInfo.InvariantCulture, out var value) ? value : null;
}
