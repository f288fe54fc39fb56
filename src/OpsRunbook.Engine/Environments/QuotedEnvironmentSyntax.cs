namespace OpsRunbook.Engine.Environments;

/// <summary>What the readers of <c>.env</c> files have in common: <c>export</c>, quotes around a whole value, comments after it.</summary>
internal abstract class QuotedEnvironmentSyntax : EnvironmentSyntax
{
    private const string Export = "export";

    public override EnvironmentEntry Read(string text, int start)
    {
        var key = SkipBlanks(text, start == 0 && text.StartsWith('\uFEFF') ? 1 : start);
        if (text.AsSpan(key).StartsWith(Export, StringComparison.Ordinal) && SkipBlanks(text, key + Export.Length) is var after && after > key + Export.Length)
        {
            key = after;
        }

        var end = key;
        while (end < text.Length && IsKeyLetter(text[end]))
        {
            end++;
        }

        var sign = SkipBlanks(text, end);
        return end == key || sign >= text.Length || text[sign] != '=' ? Ignored(text, start) : ReadValue(text, start, text[key..end], SkipBlanks(text, sign + 1));
    }

    /// <summary>The letter may be part of a name.</summary>
    protected abstract bool IsKeyLetter(char letter);

    /// <summary>A hash sign at this place of a bare value begins a comment.</summary>
    protected abstract bool IsComment(string text, int first, int index);

    /// <summary>A quote at this place is part of the value because of the backslash before it.</summary>
    protected abstract bool IsEscaped(string text, int first, int index);

    /// <summary>The value between quotes.</summary>
    protected abstract string Decode(string quoted, char quote);

    /// <summary>Why readers do not agree on a value; null when they do.</summary>
    protected abstract string? ProblemOf(string value, char? quote);

    private EnvironmentEntry ReadValue(string text, int start, string key, int first)
    {
        if (first < text.Length && Quotes.Contains(text[first]))
        {
            var close = first + 1;
            while (close < text.Length && (text[close] != text[first] || IsEscaped(text, first, close)))
            {
                close++;
            }

            var (content, next) = LineEnd(text, Math.Min(close + 1, text.Length));
            var rest = close < text.Length ? SkipBlanks(text, close + 1) : close;
            if (close < text.Length && (rest >= content || text[rest] == '#'))
            {
                var inner = text[(first + 1)..close];
                return new EnvironmentEntry
                {
                    Start = start,
                    End = next,
                    Key = key,
                    Value = Decode(inner, text[first]),
                    ValueStart = first,
                    ValueEnd = close + 1,
                    Quote = text[first],
                    Problem = ProblemOf(inner, text[first]),
                };
            }
        }

        return ReadBare(text, start, key, first);
    }

    private EnvironmentEntry ReadBare(string text, int start, string key, int first)
    {
        var (content, next) = LineEnd(text, first);
        var end = first;
        while (end < content && !(text[end] == '#' && IsComment(text, first, end)))
        {
            end++;
        }

        end = TrimBlanks(text, first, end);
        var value = text[first..end];
        return new EnvironmentEntry
        {
            Start = start,
            End = next,
            Key = key,
            Value = value,
            ValueStart = first,
            ValueEnd = end,
            Problem = value.Length > 0 && Quotes.Contains(value[0]) ? "the quote does not go around the whole value"
                : value.Length == 0 && end < content && text[SkipBlanks(text, first)] == '#' ? "some readers take the comment for the value"
                : ProblemOf(value, null),
        };
    }
}
