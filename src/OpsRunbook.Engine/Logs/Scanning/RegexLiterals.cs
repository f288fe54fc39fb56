using System.Buffers;
using System.Globalization;

namespace OpsRunbook.Engine.Logs.Scanning;

/// <summary>
/// What every text that fits a regular expression must contain: one of a few literals. <c>timeout of \d+ms</c> must
/// contain <c>timeout of </c>, and <c> (ERROR|FATAL) </c> is no more than two literals. Bytes are searched for
/// them, and only what has one is put before the expression.
/// </summary>
internal sealed class RegexLiterals
{
    private const int Most = 32;

    private static readonly SearchValues<char> Plain = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 _-:/=,;@%&\"'<>~!");

    private readonly string _pattern;
    private readonly bool _ignoreCase;
    private int _at;

    private RegexLiterals(string pattern, bool ignoreCase)
    {
        _pattern = pattern;
        _ignoreCase = ignoreCase;
    }

    /// <summary>An expression of letters, digits and characters that mean themselves.</summary>
    /// <param name="pattern">The expression.</param>
    /// <returns>True when it is valid and no more than a literal.</returns>
    public static bool IsPlain(string pattern) => pattern.Length > 0 && Array.TrueForAll(pattern.ToCharArray(), Plain.Contains);

    /// <summary>Finds them.</summary>
    /// <param name="pattern">A valid expression.</param>
    /// <param name="caseSensitive">Capital letters count.</param>
    /// <returns>The literals, of which one must occur; null when nothing can be said. Exact when they are the whole expression.</returns>
    public static (IReadOnlyList<string> Literals, bool IgnoreCase, bool Exact)? Find(string pattern, bool caseSensitive)
    {
        var ignoreCase = !caseSensitive;
        if (pattern.StartsWith("(?i)", StringComparison.Ordinal))
        {
            (pattern, ignoreCase) = (pattern[4..], true);
        }

        var reader = new RegexLiterals(pattern, ignoreCase);
        try
        {
            var found = reader.Alternatives();
            return reader._at < pattern.Length || found.Required is not { Count: > 0 } required
                ? null
                : (required, ignoreCase, found.Exact is not null);
        }
        catch (NotSupportedException)
        {
            // Something whose meaning for the text around it is not understood here.
            return null;
        }
    }

    private Part Alternatives()
    {
        var whole = Sequence();
        while (_at < _pattern.Length && _pattern[_at] == '|')
        {
            _at++;
            var other = Sequence();
            whole = new Part(
                Exact: whole.Exact is not null && other.Exact is not null ? Limit([.. whole.Exact, .. other.Exact]) : null,
                Required: whole.Required is not null && other.Required is not null ? Limit([.. whole.Required, .. other.Required]) : null);
        }

        return whole;
    }

    // A run of exact parts grows into longer literals; whatever is not exact ends it, and the best run is kept.
    private Part Sequence()
    {
        List<string> run = [string.Empty];
        List<string>? best = null;
        var exact = true;
        while (_at < _pattern.Length && _pattern[_at] is not ('|' or ')'))
        {
            var part = Quantified();
            var longer = part.Exact is null ? null : Limit([.. run.SelectMany(head => part.Exact, (head, tail) => head + tail)]);
            if (longer is not null)
            {
                run = longer;
                continue;
            }

            exact = false;
            best = Better(best, run);
            best = Better(best, part.Required);
            run = part.Exact ?? [string.Empty];
        }

        best = Better(best, run);
        return new Part(exact ? run : null, best);
    }

    private Part Quantified()
    {
        var part = Atom();
        while (_at < _pattern.Length)
        {
            var least = 0;
            switch (_pattern[_at])
            {
                case '*' or '?':
                    _at++;
                    break;
                case '+':
                    _at++;
                    least = 1;
                    break;
                case '{' when Braces() is { } minimum:
                    least = minimum;
                    break;
                default:
                    return part;
            }

            // Lazy or not is all the same here.
            if (_at < _pattern.Length && _pattern[_at] == '?')
            {
                _at++;
            }

            part = new Part(Exact: null, Required: least == 0 ? null : part.Required ?? part.Exact);
        }

        return part;
    }

    // The minimum of {2}, {2,} or {2,5}; null when the brace stands for itself.
    private int? Braces()
    {
        var end = _pattern.IndexOf('}', _at);
        if (end < 0 || !char.IsAsciiDigit(_pattern[_at + 1]))
        {
            return null;
        }

        var body = _pattern[(_at + 1)..end];
        if (body.Any(letter => !char.IsAsciiDigit(letter) && letter != ','))
        {
            return null;
        }

        _at = end + 1;
        return int.TryParse(body.Split(',')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var least) ? least : 0;
    }

    private Part Atom()
    {
        var letter = _pattern[_at++];
        switch (letter)
        {
            case '(':
                return Group();
            case '[':
                SkipClass();
                return Anything;
            case '.':
                return Anything;
            case '^' or '$':
                // Fits between letters: nothing of the text, yet not only a literal.
                return new Part(null, null);
            case '\\':
                return Escape();
            default:
                return Literal(letter.ToString());
        }
    }

    private Part Group()
    {
        if (_at < _pattern.Length && _pattern[_at] == '?')
        {
            if (_pattern.AsSpan(_at).StartsWith("?:"))
            {
                _at += 2;
            }
            else if (_pattern.AsSpan(_at).StartsWith("?<") && _at + 2 < _pattern.Length && (char.IsLetter(_pattern[_at + 2]) || _pattern[_at + 2] == '_'))
            {
                _at = _pattern.IndexOf('>', _at) + 1;
            }
            else
            {
                throw new NotSupportedException();
            }
        }

        var part = Alternatives();
        _at = _at < _pattern.Length ? _at + 1 : throw new NotSupportedException();
        return part;
    }

    private Part Escape()
    {
        var letter = _at < _pattern.Length ? _pattern[_at++] : throw new NotSupportedException();
        return letter switch
        {
            't' => Literal("\t"),
            'd' or 'D' or 'w' or 'W' or 's' or 'S' or 'b' or 'B' => Anything,
            _ when char.IsAsciiLetterOrDigit(letter) => throw new NotSupportedException(),
            _ => Literal(letter.ToString()),
        };
    }

    private void SkipClass()
    {
        if (_at < _pattern.Length && _pattern[_at] == '^')
        {
            _at++;
        }

        // A bracket that stands first is a letter of the class.
        for (var first = _at; _at < _pattern.Length; _at++)
        {
            if (_pattern[_at] == '\\')
            {
                _at++;
            }
            else if (_pattern[_at] == '[' && _at > first && _pattern[_at - 1] == '-')
            {
                throw new NotSupportedException();
            }
            else if (_pattern[_at] == ']' && _at > first)
            {
                _at++;
                return;
            }
        }

        throw new NotSupportedException();
    }

    // Beyond ASCII, letters have more than two cases; such a letter ends the literal when case does not matter.
    private Part Literal(string letter) => _ignoreCase && !char.IsAscii(letter[0]) ? Anything
        : char.IsSurrogate(letter[0]) || letter[0] == '\n' ? Anything
        : new Part([letter], [letter]);

    private static Part Anything => new(null, null);

    private static List<string>? Limit(List<string> literals) => literals.Count <= Most ? literals.Distinct(StringComparer.Ordinal).ToList() : null;

    private static List<string>? Better(List<string>? first, List<string>? second) => Value(second) > Value(first) ? second : first;

    // The shortest literal decides how rare a hit is; many literals are slower than one.
    private static int Value(List<string>? literals)
    {
        if (literals is not { Count: > 0 })
        {
            return 0;
        }

        var shortest = int.MaxValue;
        foreach (var literal in literals)
        {
            shortest = Math.Min(shortest, literal.Length);
        }

        return shortest == 0 ? 0 : (Math.Min(shortest, 8) * 4) - Math.Min(literals.Count, 3);
    }

    /// <param name="Exact">The part is exactly one of these; null when it is more than that.</param>
    /// <param name="Required">It must contain one of these; null when nothing is known.</param>
    private sealed record Part(List<string>? Exact, List<string>? Required);
}
