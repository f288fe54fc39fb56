using System.Collections.Concurrent;
using System.Reflection;

namespace OpsRunbook.ConsoleRunner.Output;

/// <summary>The properties of a result, as an operator sees them.</summary>
internal static class ResultProperties
{
    private static readonly ConcurrentDictionary<Type, IReadOnlyList<PropertyInfo>> Known = new();

    /// <summary>Readable public properties in the order of declaration.</summary>
    /// <param name="type">The type.</param>
    /// <returns>The properties.</returns>
    public static IReadOnlyList<PropertyInfo> Of(Type type) => Known.GetOrAdd(
        type,
        static key => [.. key.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanRead && property.GetIndexParameters().Length == 0)]);

    /// <summary>Names and values of a result in their order: the columns of a row, else the properties of an object.</summary>
    /// <param name="item">The result.</param>
    /// <returns>One for each.</returns>
    public static IEnumerable<(string Name, object? Value)> Values(object item) => item is DbRow row
        ? row.Columns.Zip(row.Values)
        : Of(item.GetType()).Select(property => (property.Name, Read(property, item)));

    /// <summary>The value of a property.</summary>
    /// <param name="property">The property.</param>
    /// <param name="item">The object.</param>
    /// <returns>Null also when the property cannot be read.</returns>
    public static object? Read(PropertyInfo property, object item)
    {
        try
        {
            return property.GetValue(item);
        }
        catch (TargetInvocationException)
        {
            return null;
        }
    }
}
