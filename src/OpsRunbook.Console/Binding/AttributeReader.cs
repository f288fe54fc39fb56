using System.Collections.ObjectModel;
using System.Reflection;

namespace OpsRunbook.ConsoleRunner.Binding;

/// <summary>
/// Reads cmdlet metadata as data. The attributes' own classes do nothing without PowerShell, so an
/// instance of one would say nothing.
/// </summary>
internal static class AttributeReader
{
    private const string Namespace = "System.Management.Automation.";

    public static CustomAttributeData? Find(MemberInfo member, string name) => All(member, name).FirstOrDefault();

    public static IEnumerable<CustomAttributeData> All(MemberInfo member, string name) =>
        CustomAttributeData.GetCustomAttributes(member).Where(attribute => Is(attribute, name));

    public static bool Is(CustomAttributeData attribute, string name) =>
        string.Equals(attribute.AttributeType.FullName, Namespace + name + "Attribute", StringComparison.Ordinal);

    public static T Named<T>(CustomAttributeData attribute, string name, T fallback)
    {
        foreach (var argument in attribute.NamedArguments)
        {
            if (string.Equals(argument.MemberName, name, StringComparison.Ordinal))
            {
                return (T)argument.TypedValue.Value!;
            }
        }

        return fallback;
    }

    public static T Positional<T>(CustomAttributeData attribute, int index) => (T)attribute.ConstructorArguments[index].Value!;

    public static string[] Texts(CustomAttributeData attribute) =>
        attribute.ConstructorArguments.Count == 0
            ? []
            : attribute.ConstructorArguments[0].Value switch
            {
                ReadOnlyCollection<CustomAttributeTypedArgument> list => [.. list.Select(item => (string)item.Value!)],
                string text => [text],
                _ => [],
            };
}
