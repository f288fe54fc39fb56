using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace OpsRunbook.Cmdlets;

/// <summary>Base of the argument completers. The names alone come from <see cref="Complete"/>, which the console runner calls too.</summary>
internal abstract class OpsCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName,
        string parameterName,
        string wordToComplete,
        CommandAst commandAst,
        IDictionary fakeBoundParameters)
    {
        var word = wordToComplete.Trim('\'', '"');
        return Complete(fakeBoundParameters)
            .Where(name => name.StartsWith(word, StringComparison.OrdinalIgnoreCase))
            .Select(name => new CompletionResult(Quote(name), name, CompletionResultType.ParameterValue, name));
    }

    /// <summary>The possible values. Called while somebody waits at a prompt: quick, and silent about what goes wrong.</summary>
    /// <param name="arguments">The other arguments by parameter name.</param>
    /// <returns>All values, whatever was typed so far.</returns>
    internal abstract IEnumerable<string> Complete(IDictionary arguments);

    private static string Quote(string name) => name.All(letter => char.IsLetterOrDigit(letter) || letter is '-' or '_' or '.')
        ? name
        : $"'{name.Replace("'", "''", StringComparison.Ordinal)}'";
}
