using System.Collections;
using System.Globalization;
using System.Management.Automation;

namespace OpsRunbook.Cmdlets;

/// <summary>Values for the places of a statement, as a caller gives them.</summary>
internal static class QueryParameters
{
    /// <summary>Takes them out of a table.</summary>
    /// <param name="parameters">Values by name, with or without the sign that marks a place; null for none.</param>
    /// <returns>Values by name.</returns>
    public static Dictionary<string, object?> Of(Hashtable? parameters)
    {
        var values = new Dictionary<string, object?>(StringComparer.OrdinalIgnoreCase);
        foreach (DictionaryEntry entry in parameters ?? [])
        {
            values[(Convert.ToString(Plain(entry.Key), CultureInfo.InvariantCulture) ?? string.Empty).TrimStart('@', ':')] = Plain(entry.Value);
        }

        return values;
    }

    private static object? Plain(object? value) => value is PSObject wrapped ? wrapped.BaseObject : value;
}
