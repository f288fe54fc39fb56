using System.Text;

namespace OpsRunbook.Engine.Databases;

/// <summary>One statement of an operator with places for values.</summary>
internal sealed class SqlStatement
{
    private const int LongestShown = 500;
    private readonly IReadOnlyList<string> _parts;

    private SqlStatement(IReadOnlyList<string> parts, IReadOnlyList<string> names, string shown)
    {
        _parts = parts;
        Names = names;
        Shown = shown;
    }

    /// <summary>Names of the values in the order of their places; one may stand several times.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>The statement on one line for people and records, without its literals and comments.</summary>
    public string Shown { get; }

    /// <summary>Reads a statement.</summary>
    /// <param name="sql">SQL with <c>@name</c> or <c>:name</c> where values belong.</param>
    /// <param name="engine">Whose SQL it is.</param>
    /// <param name="names">Names of the values that there are. Anything else that looks like one is left to the server.</param>
    /// <returns>The statement.</returns>
    /// <exception cref="OpsException"><c>Db.SeveralStatements</c>, <c>Db.StatementMissing</c>, <c>Db.ParameterUnused</c>.</exception>
    public static SqlStatement Parse(string sql, DatabaseEngine engine, IReadOnlyCollection<string> names)
    {
        var scanner = new SqlScanner(sql, engine);
        var (parts, used, part, close, any) = (new List<string>(), new List<string>(), new StringBuilder(), sql.Length, false);
        for (var at = 0; at < sql.Length;)
        {
            var (kind, end) = scanner.Next(at);
            var isSpace = kind == SqlScanner.Piece.Other && char.IsWhiteSpace(sql[at]);
            var ended = at > close;
            if (ended && kind != SqlScanner.Piece.Comment && !isSpace && sql[at] != ';')
            {
                throw new OpsException(
                    "Db.SeveralStatements", OpsErrorKind.InvalidArgument, "The query is more than one statement.", "Call the command once for each statement.");
            }

            if (kind == SqlScanner.Piece.Other && sql[at] == ';')
            {
                close = Math.Min(close, at);
            }
            else if (kind == SqlScanner.Piece.Other && Placeholder(sql, at, names) is { } name)
            {
                parts.Add(part.ToString());
                part.Clear();
                used.Add(name);
                end = at + 1 + name.Length;
            }
            else if (!ended)
            {
                part.Append(sql, at, end - at);
            }

            any |= kind != SqlScanner.Piece.Comment && !isSpace && at < close;
            at = end;
        }

        if (!any)
        {
            throw new OpsException("Db.StatementMissing", OpsErrorKind.InvalidArgument, "The query is empty.", "Give a statement with -Query.");
        }

        if (names.FirstOrDefault(name => !used.Contains(name, StringComparer.OrdinalIgnoreCase)) is { } unused)
        {
            throw new OpsException(
                "Db.ParameterUnused", OpsErrorKind.InvalidArgument, $"The query has no place for the parameter '{unused}'.", $"Write @{unused} or :{unused} where the value belongs, without quotes.", unused);
        }

        parts.Add(part.ToString());
        var line = SqlText.Fold(sql[..close], engine);
        return new SqlStatement(parts, used, line.Length > LongestShown ? line[..LongestShown] + "…" : line);
    }

    /// <summary>The statement with a mark of the server at each place.</summary>
    /// <param name="mark">The mark by the number of the place, from 1.</param>
    /// <returns>SQL.</returns>
    public string Text(Func<int, string> mark)
    {
        var text = new StringBuilder(_parts[0]);
        for (var place = 1; place < _parts.Count; place++)
        {
            text.Append(mark(place)).Append(_parts[place]);
        }

        return text.ToString();
    }

    // ::type, @@variable and <@ are no places.
    private static string? Placeholder(string sql, int at, IReadOnlyCollection<string> names)
    {
        if (sql[at] is not ('@' or ':') || (at > 0 && (sql[at - 1] is '@' or ':' or '<' || SqlScanner.IsNamePart(sql[at - 1]))))
        {
            return null;
        }

        var end = at + 1;
        while (end < sql.Length && (char.IsLetterOrDigit(sql[end]) || sql[end] == '_'))
        {
            end++;
        }

        var name = sql[(at + 1)..end];
        return names.Contains(name, StringComparer.OrdinalIgnoreCase) ? name : null;
    }
}
