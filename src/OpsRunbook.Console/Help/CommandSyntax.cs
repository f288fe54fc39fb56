using OpsRunbook.ConsoleRunner.Binding;

namespace OpsRunbook.ConsoleRunner.Help;

/// <summary>How a command is called, in PowerShell's notation.</summary>
internal static class CommandSyntax
{
    /// <summary>One line for each parameter set.</summary>
    /// <param name="command">The command.</param>
    /// <returns>For example <c>Get-ServiceHealth [[-Name] &lt;String[]&gt;] [-Watch]</c>.</returns>
    public static IEnumerable<string> Lines(CommandShape command) =>
        Sets(command).Select(set => string.Join(' ', In(command, set).Select(item => Item(item.Parameter, item.Role)).Prepend(command.Name)));

    /// <summary>The sets of a command; a single null where it has none.</summary>
    public static IEnumerable<string?> Sets(CommandShape command) => command.Sets.Count == 0
        ? [null]
        : command.Sets.OrderBy(set => string.Equals(set, command.DefaultSet, StringComparison.OrdinalIgnoreCase) ? 0 : 1);

    /// <summary>The parameters of a set as PowerShell orders them: by position, mandatory ones, the rest.</summary>
    public static IEnumerable<(ParameterShape Parameter, ParameterRole Role)> In(CommandShape command, string? set) => command.Parameters
        .Where(parameter => !parameter.Hidden)
        .Select(parameter => (Parameter: parameter, Role: parameter.RoleIn(set)))
        .Where(item => item.Role is not null)
        .Select(item => (item.Parameter, item.Role!))
        .OrderBy(item => item.Item2.Position ?? int.MaxValue)
        .ThenBy(item => item.Item2.Mandatory ? 0 : 1);

    /// <summary>The name of a type as PowerShell shows it.</summary>
    public static string TypeName(ParameterShape parameter) => parameter.IsSwitch ? "SwitchParameter" : TypeName(parameter.Type);

    private static string TypeName(Type type) => type.IsArray
        ? TypeName(type.GetElementType()!) + "[]"
        : Nullable.GetUnderlyingType(type)?.Name ?? type.Name;

    private static string Item(ParameterShape parameter, ParameterRole role)
    {
        if (parameter.IsSwitch)
        {
            return role.Mandatory ? $"-{parameter.Name}" : $"[-{parameter.Name}]";
        }

        var name = role.Position is null ? $"-{parameter.Name}" : $"[-{parameter.Name}]";
        var item = $"{name} <{TypeName(parameter)}>";
        return role.Mandatory ? item : $"[{item}]";
    }
}
