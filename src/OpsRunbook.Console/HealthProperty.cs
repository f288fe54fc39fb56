using System.Collections.Concurrent;
using System.Reflection;

namespace OpsRunbook.ConsoleRunner;

/// <summary>The <c>Status</c> of a result that has a <see cref="HealthStatus"/>.</summary>
internal static class HealthProperty
{
    private static readonly ConcurrentDictionary<Type, PropertyInfo?> Properties = new();

    public static bool Exists(Type type) => Find(type) is not null;

    public static HealthStatus? Read(object item) => (HealthStatus?)Find(item.GetType())?.GetValue(item);

    private static PropertyInfo? Find(Type type) => Properties.GetOrAdd(
        type,
        static key => key.GetProperty("Status") is { } property && property.PropertyType == typeof(HealthStatus) ? property : null);
}
