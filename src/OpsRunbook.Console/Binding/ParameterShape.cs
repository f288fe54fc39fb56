using System.Collections;
using System.Reflection;
using OpsRunbook.Cmdlets;

namespace OpsRunbook.ConsoleRunner.Binding;

/// <summary>A parameter as its property's attributes declare it.</summary>
internal sealed class ParameterShape
{
    private const string SwitchType = "System.Management.Automation.SwitchParameter";
    private const string CredentialType = "System.Management.Automation.PSCredential";

    private ParameterShape(PropertyInfo property, IReadOnlyList<CustomAttributeData> attributes)
    {
        Property = property;
        Type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        ElementType = Type.IsArray ? Nullable.GetUnderlyingType(Type.GetElementType()!) ?? Type.GetElementType()! : Type;
        IsSwitch = Type.FullName == SwitchType;
        IsCredential = Type.FullName == CredentialType;
        IsHashtable = Type != typeof(object) && Type.IsAssignableFrom(typeof(Hashtable));
        Attributes = attributes;
        Roles = [.. attributes.Where(attribute => AttributeReader.Is(attribute, "Parameter")).Select(ReadRole)];
        Hidden = attributes.Any(attribute => AttributeReader.Is(attribute, "Parameter") && AttributeReader.Named(attribute, "DontShow", false));
        Aliases = attributes.FirstOrDefault(attribute => AttributeReader.Is(attribute, "Alias")) is { } alias ? AttributeReader.Texts(alias) : [];
        ValidateSet = attributes.FirstOrDefault(attribute => AttributeReader.Is(attribute, "ValidateSet")) is { } set ? AttributeReader.Texts(set) : [];
        IsSize = attributes.Any(attribute => attribute.AttributeType == typeof(SizeTransformAttribute));
    }

    public PropertyInfo Property { get; }

    public string Name => Property.Name;

    /// <summary>Type of the property without <see cref="Nullable{T}"/>.</summary>
    public Type Type { get; }

    /// <summary>Type of one item of an array, else <see cref="Type"/>.</summary>
    public Type ElementType { get; }

    public bool IsSwitch { get; }

    public bool IsCredential { get; }

    public bool IsHashtable { get; }

    /// <summary>Text such as 500MB is a size.</summary>
    public bool IsSize { get; }

    public bool Hidden { get; }

    public IReadOnlyList<ParameterRole> Roles { get; }

    public IReadOnlyList<string> Aliases { get; }

    public IReadOnlyList<string> ValidateSet { get; }

    public IReadOnlyList<CustomAttributeData> Attributes { get; }

    public bool TakesPipeline => Roles.Any(role => role.ByValue || role.ByPropertyName);

    /// <summary>The values that it can have; empty when they cannot be listed.</summary>
    public IReadOnlyList<string> KnownValues => ValidateSet.Count > 0 ? ValidateSet : ElementType.IsEnum ? Enum.GetNames(ElementType) : [];

    public static ParameterShape? Read(PropertyInfo property)
    {
        var attributes = CustomAttributeData.GetCustomAttributes(property);
        return attributes.Any(attribute => AttributeReader.Is(attribute, "Parameter")) ? new ParameterShape(property, [.. attributes]) : null;
    }

    /// <summary>Its part in a set; null when it does not belong to it.</summary>
    /// <param name="set">Name of the set; null when there is only one.</param>
    public ParameterRole? RoleIn(string? set) => Roles.FirstOrDefault(role => role.IsIn(set));

    private static ParameterRole ReadRole(CustomAttributeData attribute)
    {
        var position = AttributeReader.Named(attribute, "Position", int.MinValue);
        return new ParameterRole(
            AttributeReader.Named(attribute, "ParameterSetName", ParameterRole.AllSets),
            AttributeReader.Named(attribute, "Mandatory", false),
            position == int.MinValue ? null : position,
            AttributeReader.Named(attribute, "ValueFromPipeline", false),
            AttributeReader.Named(attribute, "ValueFromPipelineByPropertyName", false),
            AttributeReader.Named(attribute, "ValueFromRemainingArguments", false));
    }
}
