using System.Text;

namespace OpsRunbook.Engine.Environments;

/// <summary>
/// <c>EnvironmentFile=</c> of systemd: comments begin with <c>#</c> or <c>;</c> and stand alone, quoted parts may follow each
/// other, a backslash takes the next character or line as it is, and nothing is expanded.
/// </summary>
internal sealed class SystemdEnvironmentSyntax : EnvironmentSyntax
{
    private const string EscapedInQuotes = "\"\\`$";

    public override IReadOnlyList<char> Quotes => ['"', '\''];

    public override EnvironmentEntry Read(string text, int start)
    {
        var key = SkipBlanks(text, start);
        var (content, _) = LineEnd(text, start);
        if (key >= content)
        {
            return Ignored(text, start);
        }

        if (text[key] is '#' or ';')
        {
            return Ignored(text, start, text[content - 1] == '\\' && content < text.Length ? "before version 254 systemd takes the line after it for a part of this comment" : null);
        }

        var equals = text.IndexOf('=', key, content - key);
        var name = equals < 0 ? string.Empty : text[key..TrimBlanks(text, key, equals)];
        return equals < 0 ? Ignored(text, start) : ReadValue(text, start, IsName(name) ? name : null, SkipBlanks(text, equals + 1));
    }

    /// <summary>A name that systemd takes.</summary>
    private static bool IsName(string name) =>
        name.Length > 0 && !char.IsAsciiDigit(name[0]) && name.All(letter => letter == '_' || char.IsAsciiLetterOrDigit(letter));

    protected override string? EncodeQuoted(string value, char quote)
    {
        if (quote == '\'')
        {
            return value.Contains('\'', StringComparison.Ordinal) ? null : $"'{value}'";
        }

        var text = new StringBuilder("\"");
        foreach (var letter in value)
        {
            if (EscapedInQuotes.Contains(letter, StringComparison.Ordinal))
            {
                text.Append('\\');
            }

            text.Append(letter);
        }

        return text.Append('"').ToString();
    }

    private static EnvironmentEntry ReadValue(string text, int start, string? key, int first)
    {
        var value = new StringBuilder();
        var index = first;
        var kept = 0;
        var rawEnd = first;
        var quote = first < text.Length && text[first] is '"' or '\'' ? text[first] : (char?)null;
        var begun = false;
        while (index < text.Length)
        {
            var letter = text[index];
            if (letter is '\r' or '\n')
            {
                break;
            }

            if (!begun && letter is '"' or '\'')
            {
                if (Quoted(text, index, value) is not { } end)
                {
                    // The rest of the file would be the value, and systemd drops it.
                    return new EnvironmentEntry { Start = start, End = text.Length, Problem = "the quote is not closed" };
                }

                (index, rawEnd, kept) = (end, end, value.Length);
                continue;
            }

            if (letter == '\\' && index + 1 < text.Length)
            {
                index++;
                if (text[index] is not ('\r' or '\n'))
                {
                    value.Append(text[index]);
                }
                else if (text[index] == '\r' && index + 1 < text.Length && text[index + 1] == '\n')
                {
                    index++;
                }

                (begun, kept, rawEnd) = (true, value.Length, index + 1);
            }
            else if (letter is ' ' or '\t')
            {
                // Between quoted parts it is nothing; in a bare value it counts unless it is at the end.
                if (begun)
                {
                    value.Append(letter);
                }
            }
            else
            {
                value.Append(letter);
                (begun, kept, rawEnd) = (true, value.Length, index + 1);
            }

            index++;
        }

        return new EnvironmentEntry
        {
            Start = start,
            End = LineEnd(text, index).Next,
            Key = key,
            Value = value.ToString(0, kept),
            ValueStart = first,
            ValueEnd = rawEnd,
            Quote = quote,
            Problem = key is null ? "systemd ignores it: this is no name of a variable" : null,
        };
    }

    // The place after the closing quote; null when there is none.
    private static int? Quoted(string text, int index, StringBuilder value)
    {
        var quote = text[index];
        for (index++; index < text.Length; index++)
        {
            var letter = text[index];
            if (letter == quote)
            {
                return index + 1;
            }

            if (letter == '\\' && quote == '"' && index + 1 < text.Length)
            {
                index++;
                if (text[index] == '\n')
                {
                    continue;
                }

                if (!EscapedInQuotes.Contains(text[index], StringComparison.Ordinal))
                {
                    value.Append('\\');
                }
            }

            value.Append(text[index]);
        }

        return null;
    }
}
