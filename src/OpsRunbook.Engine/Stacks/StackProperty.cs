using System.Collections.Concurrent;
using System.Reflection;
using System.Text.Json;

namespace OpsRunbook.Engine.Stacks;

/// <summary>A property of the stack model as the file sees it. Loader, writer and schema all go by this.</summary>
internal sealed class StackProperty
{
    private static readonly ConcurrentDictionary<Type, StackProperty[]> Cache = new();

    private StackProperty(PropertyInfo property)
    {
        Property = property;
        Key = property.GetCustomAttribute<StackKeyAttribute>()?.Name ?? JsonNamingPolicy.CamelCase.ConvertName(property.Name);
        IsRequired = property.IsDefined(typeof(StackRequiredAttribute));
        Prefixes = property.GetCustomAttribute<StackConditionsAttribute>()?.Prefixes;
        Value = property.GetCustomAttribute<StackValueAttribute>() ?? new StackValueAttribute();
        IsNullable = Nullable.GetUnderlyingType(property.PropertyType) is not null
            || new NullabilityInfoContext().Create(property).WriteState == NullabilityState.Nullable;
    }

    /// <summary>The property itself.</summary>
    public PropertyInfo Property { get; }

    /// <summary>Its key in the file.</summary>
    public string Key { get; }

    /// <summary>The file must have it.</summary>
    public bool IsRequired { get; }

    /// <summary>It may be null.</summary>
    public bool IsNullable { get; }

    /// <summary>First parts of the keys that it gathers; null when it has a key of its own.</summary>
    public string[]? Prefixes { get; }

    /// <summary>What values it takes.</summary>
    public StackValueAttribute Value { get; }

    /// <summary>The properties of a model type in the order of its source.</summary>
    public static StackProperty[] Of(Type type) => Cache.GetOrAdd(type, static type => type
        .GetProperties(BindingFlags.Public | BindingFlags.Instance)
        .Where(property => property.CanWrite && !property.IsDefined(typeof(StackIgnoreAttribute)))
        .OrderBy(property => property.MetadataToken)
        .Select(property => new StackProperty(property))
        .ToArray());

    /// <summary>The key is one that a dictionary of conditions gathers: <c>body</c> or <c>body.status</c>.</summary>
    public bool Gathers(string key) => Prefixes?.Any(prefix =>
        key == prefix || (key.StartsWith(prefix, StringComparison.Ordinal) && key.Length > prefix.Length + 1 && key[prefix.Length] == '.')) == true;

    /// <summary>A type that is read from a mapping with the keys of its properties.</summary>
    public static bool IsModel(Type type) => type.IsClass && type != typeof(string) && type != typeof(SecretReference) && !type.IsGenericType;

    /// <summary>Type of a list's items; null when it is not a list.</summary>
    public static Type? ItemType(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(List<>) ? type.GetGenericArguments()[0] : null;

    /// <summary>Type of a dictionary's values; null when it is not a dictionary.</summary>
    public static Type? EntryType(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Dictionary<,>) ? type.GetGenericArguments()[1] : null;
}
