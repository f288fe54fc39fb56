using System.Reflection;
using OpsRunbook.Cmdlets;

namespace OpsRunbook.ConsoleRunner.Binding;

/// <summary>The cmdlets that there are. Only the one that is asked for is looked at closely.</summary>
internal sealed class CommandCatalog(params Assembly[] assemblies)
{
    private const string ClassSuffix = "Command";

    public static CommandCatalog Default { get; } = new(typeof(OpsCmdlet).Assembly);

    /// <summary>The names of all commands, sorted.</summary>
    public IReadOnlyList<string> Names => [.. Candidates().Select(CommandShape.ReadName).OfType<string>().Order(StringComparer.OrdinalIgnoreCase)];

    /// <summary>Finds a command by its name, in any case.</summary>
    /// <param name="name">Verb-Noun.</param>
    /// <returns>Null when there is none.</returns>
    public CommandShape? Find(string name)
    {
        // By convention the class is named for the command, which saves reading the attributes of all others.
        var className = name.Replace("-", string.Empty, StringComparison.Ordinal) + ClassSuffix;
        return Candidates()
            .Where(type => string.Equals(type.Name, className, StringComparison.OrdinalIgnoreCase))
            .Select(CommandShape.Read)
            .FirstOrDefault(command => string.Equals(command?.Name, name, StringComparison.OrdinalIgnoreCase));
    }

    private IEnumerable<Type> Candidates() => assemblies
        .SelectMany(assembly => assembly.GetTypes())
        .Where(type => type.Name.EndsWith(ClassSuffix, StringComparison.Ordinal) && type.IsClass && !type.IsAbstract);
}
