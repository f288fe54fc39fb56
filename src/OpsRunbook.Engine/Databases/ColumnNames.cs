namespace OpsRunbook.Engine.Databases;

/// <summary>Names of columns as names of properties, which must differ in more than capital letters.</summary>
internal static class ColumnNames
{
    /// <summary>Makes names differ: <c>id</c>, <c>id_2</c>.</summary>
    /// <param name="names">Names as the server gives them.</param>
    /// <returns>As many names.</returns>
    public static IReadOnlyList<string> Distinct(IReadOnlyList<string> names)
    {
        var taken = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var result = new string[names.Count];
        for (var index = 0; index < names.Count; index++)
        {
            var name = names[index].Length > 0 ? names[index] : FormattableString.Invariant($"column{index + 1}");
            var free = name;
            for (var number = 2; taken.Contains(free) || (free != name && names.Contains(free, StringComparer.OrdinalIgnoreCase)); number++)
            {
                free = FormattableString.Invariant($"{name}_{number}");
            }

            taken.Add(free);
            result[index] = free;
        }

        return result;
    }
}
