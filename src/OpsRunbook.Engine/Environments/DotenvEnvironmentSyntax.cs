namespace OpsRunbook.Engine.Environments;

/// <summary>
/// dotenv and Node.js itself. They know no escape but <c>\n</c> in double quotes, and have back quotes as a third kind; a value is
/// only written in a form that both read alike.
/// </summary>
internal sealed class DotenvEnvironmentSyntax : QuotedEnvironmentSyntax
{
    public override IReadOnlyList<char> Quotes => ['"', '\'', '`'];

    protected override bool IsKeyLetter(char letter) => letter is '_' or '.' or '-' || char.IsAsciiLetterOrDigit(letter);

    protected override bool IsComment(string text, int first, int index) => true;

    // dotenv goes on after \", Node.js ends there; such a value is told by ProblemOf.
    protected override bool IsEscaped(string text, int first, int index) => index > first + 1 && text[index - 1] == '\\';

    protected override string Decode(string quoted, char quote) =>
        quote == '"' ? quoted.Replace("\\n", "\n", StringComparison.Ordinal).Replace("\\r", "\r", StringComparison.Ordinal) : quoted;

    protected override string? ProblemOf(string value, char? quote) =>
        quote is { } sign && (value.Contains("\\" + sign, StringComparison.Ordinal) || (sign == '"' && value.Contains("\\r", StringComparison.Ordinal)))
            ? "Node.js and dotenv do not agree on the backslash"
            : null;

    // A dollar sign is left alone by both, but not by dotenv-expand, which spares it in no quotes at all.
    protected override string? EncodeQuoted(string value, char quote) =>
        value.Contains(quote, StringComparison.Ordinal) || value.EndsWith('\\') || value.Contains('\r', StringComparison.Ordinal)
        || (quote == '"' && value.Contains('\\', StringComparison.Ordinal))
            ? null
            : $"{quote}{value}{quote}";
}
