using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace OpsRunbook.Cmdlets;

/// <summary>Base of the argument completers. The names alone come from <see cref="Complete"/>, which the console runner calls too.</summary>
public abstract class OpsCompleter : IArgumentCompleter
{
    /// <summary>Folder that relative paths are relative to: PowerShell's location, which is not the process's.</summary>
    protected static string WorkingDirectory
    {
        get
        {
            using var shell = PowerShell.Create(RunspaceMode.CurrentRunspace);
            return shell?.AddCommand("Get-Location").Invoke<PathInfo>().FirstOrDefault()?.ProviderPath ?? Environment.CurrentDirectory;
        }
    }

    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName,
        string parameterName,
        string wordToComplete,
        CommandAst commandAst,
        IDictionary fakeBoundParameters)
    {
        var word = (wordToComplete ?? string.Empty).Trim('\'', '"');
        return Complete(fakeBoundParameters)
            .Where(name => name.StartsWith(word, StringComparison.OrdinalIgnoreCase))
            .Select(name => new CompletionResult(Quote(name), name, CompletionResultType.ParameterValue, name));
    }

    /// <summary>The possible values. Called while somebody waits at a prompt: quick, and silent about what goes wrong.</summary>
    /// <param name="arguments">The other arguments by parameter name.</param>
    /// <returns>All values, whatever was typed so far.</returns>
    protected internal abstract IEnumerable<string> Complete(IDictionary arguments);

    private static string Quote(string name) => name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.')
        ? name
        : $"'{name.Replace("'", "''", StringComparison.Ordinal)}'";
}
