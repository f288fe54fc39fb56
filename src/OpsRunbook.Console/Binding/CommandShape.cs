using System.Reflection;

namespace OpsRunbook.ConsoleRunner.Binding;

/// <summary>A cmdlet as its class declares it.</summary>
internal sealed class CommandShape
{
    private const int MediumImpact = 2;
    private const int HighImpact = 3;

    private CommandShape(Type type, CustomAttributeData cmdlet)
    {
        Type = type;
        Name = NameOf(cmdlet);
        DefaultSet = AttributeReader.Named<string?>(cmdlet, "DefaultParameterSetName", null);
        SupportsShouldProcess = AttributeReader.Named(cmdlet, "SupportsShouldProcess", false);
        AsksByDefault = AttributeReader.Named(cmdlet, "ConfirmImpact", MediumImpact) >= HighImpact;
        Parameters =
        [
            .. type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
                .Where(property => property.CanWrite)
                .Select(ParameterShape.Read)
                .OfType<ParameterShape>(),
        ];
        Sets = [.. Parameters.SelectMany(parameter => parameter.Roles).Select(role => role.Set).Where(set => set != ParameterRole.AllSets).Distinct(StringComparer.OrdinalIgnoreCase)];
        if (DefaultSet is not null && !Sets.Contains(DefaultSet, StringComparer.OrdinalIgnoreCase))
        {
            Sets = [DefaultSet, .. Sets];
        }
    }

    public Type Type { get; }

    public string Name { get; }

    public string? DefaultSet { get; }

    public bool SupportsShouldProcess { get; }

    /// <summary>Its impact is high, so it asks unless told not to.</summary>
    public bool AsksByDefault { get; }

    public IReadOnlyList<ParameterShape> Parameters { get; }

    /// <summary>Names of the parameter sets; empty when there is only one, without a name.</summary>
    public IReadOnlyList<string> Sets { get; }

    /// <summary>What it writes, as far as it says so.</summary>
    public IReadOnlyList<Type> OutputTypes =>
    [
        .. AttributeReader.All(Type, "OutputType")
            .SelectMany(attribute => attribute.ConstructorArguments)
            .SelectMany(argument => argument.Value is IEnumerable<CustomAttributeTypedArgument> list ? list.Select(item => item.Value) : [argument.Value])
            .OfType<Type>(),
    ];

    /// <summary>Its results have a <see cref="HealthStatus"/>, which becomes the exit code.</summary>
    public bool IsHealth => OutputTypes.Any(HealthProperty.Exists);

    public static CommandShape? Read(Type type) =>
        AttributeReader.Find(type, "Cmdlet") is { } cmdlet && !type.IsAbstract ? new CommandShape(type, cmdlet) : null;

    /// <summary>The command's name without reading its parameters; null for another class.</summary>
    public static string? ReadName(Type type) => AttributeReader.Find(type, "Cmdlet") is { } cmdlet ? NameOf(cmdlet) : null;

    private static string NameOf(CustomAttributeData cmdlet) =>
        $"{AttributeReader.Positional<string>(cmdlet, 0)}-{AttributeReader.Positional<string>(cmdlet, 1)}";
}
