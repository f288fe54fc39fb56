using System.Text;

namespace OpsRunbook.Engine.Cache;

/// <summary>Patterns of keys as Redis matches them, byte by byte: <c>*</c>, <c>?</c>, <c>[a-z]</c>, <c>[^a]</c>, <c>\</c> before a character that is meant itself.</summary>
/// <param name="pattern">The pattern.</param>
internal sealed class RedisGlob(string pattern)
{
    private readonly byte[] _pattern = Encoding.UTF8.GetBytes(pattern);

    /// <summary>The pattern as it was written.</summary>
    public string Text => pattern;

    /// <summary>A pattern that fits only this text.</summary>
    /// <param name="text">The text.</param>
    /// <returns>The text with a backslash before what would mean something else.</returns>
    public static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (var letter in text)
        {
            if (letter is '*' or '?' or '[' or ']' or '\\' or '^' or '-')
            {
                escaped.Append('\\');
            }

            escaped.Append(letter);
        }

        return escaped.ToString();
    }

    /// <summary>True when the key fits.</summary>
    /// <param name="key">The key.</param>
    /// <returns>True when it does.</returns>
    public bool Matches(ReadOnlySpan<byte> key)
    {
        // On a mismatch only the last star can take one byte more: no pattern costs more than its length times the key's.
        var (at, place, star, starPlace) = (0, 0, -1, 0);
        while (place < key.Length)
        {
            if (at < _pattern.Length && _pattern[at] == '*')
            {
                (star, starPlace) = (at++, place);
            }
            else if (at < _pattern.Length && MatchesOne(key[place], ref at))
            {
                place++;
            }
            else if (star >= 0)
            {
                (at, place) = (star + 1, ++starPlace);
            }
            else
            {
                return false;
            }
        }

        while (at < _pattern.Length && _pattern[at] == '*')
        {
            at++;
        }

        return at == _pattern.Length;
    }

    // Moves past one element of the pattern when it fits the byte.
    private bool MatchesOne(byte letter, ref int at)
    {
        switch (_pattern[at])
        {
            case (byte)'?':
                at++;
                return true;
            case (byte)'[':
                var next = at;
                if (!MatchesClass(letter, ref next))
                {
                    return false;
                }

                at = next;
                return true;
            case (byte)'\\' when at + 1 < _pattern.Length:
                if (_pattern[at + 1] != letter)
                {
                    return false;
                }

                at += 2;
                return true;
            default:
                if (_pattern[at] != letter)
                {
                    return false;
                }

                at++;
                return true;
        }
    }

    private bool MatchesClass(byte letter, ref int at)
    {
        at++;
        var negated = at < _pattern.Length && _pattern[at] == '^';
        at += negated ? 1 : 0;
        var found = false;
        for (; at < _pattern.Length && _pattern[at] != ']'; at++)
        {
            if (_pattern[at] == '\\' && at + 1 < _pattern.Length)
            {
                found |= _pattern[++at] == letter;
            }
            else if (at + 2 < _pattern.Length && _pattern[at + 1] == '-')
            {
                var (from, to) = (_pattern[at], _pattern[at + 2]);
                found |= letter >= Math.Min(from, to) && letter <= Math.Max(from, to);
                at += 2;
            }
            else
            {
                found |= _pattern[at] == letter;
            }
        }

        // An unclosed class ends with the pattern, as in Redis.
        at = Math.Min(at + 1, _pattern.Length);
        return found != negated;
    }
}
