using System.Text;
using System.Text.RegularExpressions;
using OpsRunbook.Engine.Safety;

namespace OpsRunbook.Engine.Databases;

/// <summary>Statements of others as they may be shown.</summary>
internal static partial class SqlText
{
    /// <summary>The statement without its literals when it may hold a password, else as it is.</summary>
    /// <param name="sql">A statement, perhaps cut off.</param>
    /// <param name="engine">Whose dialect it is.</param>
    /// <returns>Text to show.</returns>
    public static string Redact(string sql, DatabaseEngine engine) =>
        AboutSecrets().IsMatch(sql) || SecretNames.IsSecretValue(sql) ? CommandRedactor.RedactText(Fold(sql, engine)) : sql;

    /// <summary>The statement with <c>?</c> for every literal, on one line and without comments: what is told about it when its values are nobody's business.</summary>
    /// <param name="sql">A statement, perhaps cut off.</param>
    /// <param name="engine">Whose dialect it is.</param>
    /// <returns>The folded statement.</returns>
    public static string Fold(string sql, DatabaseEngine engine)
    {
        var isPostgres = engine == DatabaseEngine.Postgres;
        var folded = new StringBuilder(sql.Length);
        var at = 0;
        while (at < sql.Length)
        {
            var rest = sql.AsSpan(at);
            var c = sql[at];
            if (c == '\'' || (c == '"' && !isPostgres))
            {
                // E'…' of PostgreSQL and every text of MySQL know the backslash; taken for one in a plain text too, it hides more, never less.
                at += Quoted(rest, c, backslash: !isPostgres || (at > 0 && sql[at - 1] is 'e' or 'E'));
                TrimPrefix(folded);
                folded.Append('?');
            }
            else if (c is '"' or '`')
            {
                var length = Quoted(rest, c, backslash: false);
                folded.Append(rest[..length]);
                at += length;
            }
            else if (c == '$' && DollarTag(rest) is { Length: > 0 } tag)
            {
                var end = sql.IndexOf(tag, at + tag.Length, StringComparison.Ordinal);
                at = end < 0 ? sql.Length : end + tag.Length;
                folded.Append('?');
            }
            else if (rest.StartsWith("--") || (c == '#' && !isPostgres))
            {
                var end = rest.IndexOf('\n');
                at = end < 0 ? sql.Length : at + end;
            }
            else if (rest.StartsWith("/*"))
            {
                var end = sql.IndexOf("*/", at + 2, StringComparison.Ordinal);
                at = end < 0 ? sql.Length : end + 2;
                Space(folded);
            }
            else if (char.IsAsciiDigit(c))
            {
                var length = 1;
                while (length < rest.Length && (char.IsAsciiLetterOrDigit(rest[length]) || rest[length] == '.'))
                {
                    length++;
                }

                at += length;
                folded.Append('?');
            }
            else if (char.IsLetter(c) || c is '_' or '$' or '@')
            {
                var length = 1;
                while (length < rest.Length && (char.IsLetterOrDigit(rest[length]) || rest[length] is '_' or '$'))
                {
                    length++;
                }

                folded.Append(rest[..length]);
                at += length;
            }
            else if (char.IsWhiteSpace(c))
            {
                Space(folded);
                at++;
            }
            else
            {
                folded.Append(c);
                at++;
            }
        }

        return folded.ToString().Trim();
    }

    // Length of a quoted part, the closing quote included; all that is left when it was cut off.
    private static int Quoted(ReadOnlySpan<char> text, char quote, bool backslash)
    {
        for (var at = 1; at < text.Length; at++)
        {
            if (backslash && text[at] == '\\')
            {
                at++;
            }
            else if (text[at] == quote)
            {
                if (at + 1 >= text.Length || text[at + 1] != quote)
                {
                    return at + 1;
                }

                at++;
            }
        }

        return text.Length;
    }

    private static string DollarTag(ReadOnlySpan<char> text)
    {
        var end = 1;
        while (end < text.Length && (char.IsLetterOrDigit(text[end]) || text[end] == '_'))
        {
            end++;
        }

        return end < text.Length && text[end] == '$' && (end == 1 || !char.IsAsciiDigit(text[1])) ? text[..(end + 1)].ToString() : string.Empty;
    }

    // E'…', X'…' and the like are literals as a whole.
    private static void TrimPrefix(StringBuilder folded)
    {
        if (folded.Length > 0 && folded[^1] is 'e' or 'E' or 'x' or 'X' or 'b' or 'B' or 'n' or 'N' && (folded.Length == 1 || !(char.IsLetterOrDigit(folded[^2]) || folded[^2] is '_' or '$')))
        {
            folded.Length--;
        }
    }

    private static void Space(StringBuilder folded)
    {
        if (folded.Length > 0 && folded[^1] != ' ')
        {
            folded.Append(' ');
        }
    }

    // What takes a password, a key or the address of another server. It rather hides too much than too little.
    [GeneratedRegex(
        @"passw|passphrase|identified|secret|token|credential|api_?key|private_?key|crypt|dblink|conninfo|connection|user\s+mapping|\boptions\s*\(|change\s+(master|replication)|\bpwd\b|\bauth",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        1000)]
    private static partial Regex AboutSecrets();
}
