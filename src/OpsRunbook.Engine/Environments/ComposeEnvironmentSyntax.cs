using System.Text;

namespace OpsRunbook.Engine.Environments;

/// <summary>
/// <c>.env</c> and <c>env_file</c> of compose. Version 1 reads them with python-dotenv, version 2 with its own reader; a value is
/// only written in a form that both read alike.
/// </summary>
internal sealed class ComposeEnvironmentSyntax : QuotedEnvironmentSyntax
{
    private const string Escapes = "\\'\"abfnrtv";
    private const string Meanings = "\\'\"\a\b\f\n\r\t\v";

    public override IReadOnlyList<char> Quotes => ['\'', '"'];

    protected override bool IsKeyLetter(char letter) => letter is not ('=' or '#' or '\'' or '"') && !char.IsWhiteSpace(letter);

    protected override bool IsComment(string text, int first, int index) => index > first ? char.IsWhiteSpace(text[index - 1]) : text[index - 1] is ' ' or '\t';

    protected override bool IsEscaped(string text, int first, int index) => index > first + 1 && text[index - 1] == '\\';

    protected override string Decode(string quoted, char quote)
    {
        var known = quote == '\'' ? Escapes[..2] : Escapes;
        var value = new StringBuilder(quoted.Length);
        for (var i = 0; i < quoted.Length; i++)
        {
            var meaning = quoted[i] == '\\' && i + 1 < quoted.Length ? known.IndexOf(quoted[i + 1], StringComparison.Ordinal) : -1;
            value.Append(meaning < 0 ? quoted[i] : Meanings[meaning]);
            i += meaning < 0 ? 0 : 1;
        }

        return value.ToString();
    }

    protected override string? ProblemOf(string value, char? quote) =>
        value.Contains('$', StringComparison.Ordinal) && quote != '\'' ? "depending on its version, compose replaces what follows the dollar sign" : null;

    // Version 1 replaces ${NAME} even in single quotes, and only single quotes keep version 2 from replacing $NAME.
    protected override string? EncodeQuoted(string value, char quote) => quote switch
    {
        _ when value.Contains("${", StringComparison.Ordinal) => null,
        '\'' => value.AsSpan().ContainsAny('\'', '\\') ? null : $"'{value}'",
        _ => value.AsSpan().ContainsAny('$', '\r') ? null
            : $"\"{value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)}\"",
    };
}
