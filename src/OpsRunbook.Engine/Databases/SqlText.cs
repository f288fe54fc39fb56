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
        if (engine == DatabaseEngine.MongoDb)
        {
            return MongoText.Fold(sql);
        }

        var scanner = new SqlScanner(sql, engine);
        var folded = new StringBuilder(sql.Length);
        for (var at = 0; at < sql.Length;)
        {
            var (kind, end) = scanner.Next(at);
            switch (kind)
            {
                case SqlScanner.Piece.Text:
                    TrimPrefix(folded);
                    folded.Append('?');
                    break;
                case SqlScanner.Piece.Comment:
                    Space(folded);
                    break;
                case SqlScanner.Piece.Name:
                    folded.Append(sql, at, end - at);
                    break;
                case SqlScanner.Piece.Other when char.IsAsciiDigit(sql[at]):
                    end = EndOf(sql, at, static c => char.IsAsciiLetterOrDigit(c) || c == '.');
                    folded.Append('?');
                    break;
                case SqlScanner.Piece.Other when char.IsLetter(sql[at]) || sql[at] is '_' or '$' or '@':
                    end = EndOf(sql, at, static c => char.IsLetterOrDigit(c) || c is '_' or '$');
                    folded.Append(sql, at, end - at);
                    break;
                case SqlScanner.Piece.Other when char.IsWhiteSpace(sql[at]):
                    Space(folded);
                    break;
                default:
                    folded.Append(sql[at]);
                    break;
            }

            at = end;
        }

        return folded.ToString().Trim();
    }

    private static int EndOf(string sql, int at, Func<char, bool> belongs)
    {
        for (at++; at < sql.Length && belongs(sql[at]); at++)
        {
        }

        return at;
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
