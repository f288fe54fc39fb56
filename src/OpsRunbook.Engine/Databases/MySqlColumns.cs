using System.Globalization;
using System.Text.RegularExpressions;

namespace OpsRunbook.Engine.Databases;

/// <summary>
/// What the columns of a statement are, asked before it runs. The rows' own client does not say; another one runs the statement with a limit
/// of no row, which the server plans and does not carry out.
/// </summary>
internal static partial class MySqlColumns
{
    /// <summary>Asks for them.</summary>
    /// <param name="target">The server.</param>
    /// <param name="greeting">What the server said.</param>
    /// <param name="statement">The statement.</param>
    /// <param name="prepare">Makes the statements that prepare a text and run it with the statement's values.</param>
    /// <param name="cancellationToken">Ends the question.</param>
    /// <returns>The columns in their order; null for statements of which the server does not say it this way.</returns>
    /// <exception cref="OpsException">The server cannot be reached, or does not answer.</exception>
    public static async Task<IReadOnlyList<MySqlColumn>?> ReadAsync(
        DatabaseTarget target, MySqlHandshake greeting, SqlStatement statement, Func<string, IEnumerable<string>> prepare, CancellationToken cancellationToken)
    {
        if (!HasRows().IsMatch(statement.Shown))
        {
            return null;
        }

        // The server would carry out sets of rows put together to the end, and takes no WITH in parentheses; a subquery takes both, but no
        // name twice. A comment ends with the line. What is constant is worked out all the same, for so long at most.
        var text = statement.Text(_ => "?");
        var none = NeedsSubquery().IsMatch(text) ? $"SELECT * FROM ({text}\n) AS opsrunbook LIMIT 0" : $"({text}\n) LIMIT 0";
        var limit = target.Timeout / 2;
        IEnumerable<string> statements =
        [
            greeting.IsMariaDb
                ? FormattableString.Invariant($"SET SESSION max_statement_time = {limit.TotalSeconds:0.###}")
                : FormattableString.Invariant($"SET SESSION max_execution_time = {Math.Ceiling(limit.TotalMilliseconds)}"),
            "SET SESSION TRANSACTION READ ONLY",
            "START TRANSACTION READ ONLY",
            .. prepare(none),
        ];
        try
        {
            var said = await target.WithinAsync(token => MySqlSession.DescribeAsync(target, greeting, statements, token), cancellationToken);
            return [.. Column().Matches(said).Select(match => new MySqlColumn(
                match.Groups["type"].Value, match.Groups["collation"].Value == "63", match.Groups["flags"].Value.Split(' ').Contains("UNSIGNED")))];
        }
        catch (OpsException error) when (error.Id == "Db.Failed")
        {
            // What is wrong with the statement itself, the server says when it runs.
            return null;
        }
    }

    [GeneratedRegex(@"^[\s(]*(SELECT|WITH|VALUES|TABLE)\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex HasRows();

    [GeneratedRegex(@"\b(UNION|INTERSECT|EXCEPT|MINUS|WITH)\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex NeedsSubquery();

    // A block for each column. Numbers of collations: 63 is that of bytes.
    [GeneratedRegex(
        @"^Type: +(?<type>\w+)[^\n]*\nCollation: +[^\n]*\((?<collation>\d+)\)\nLength: [^\n]*\nMax_length: [^\n]*\nDecimals: [^\n]*\nFlags: *(?<flags>[^\n]*)$",
        RegexOptions.Multiline | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        1000)]
    private static partial Regex Column();
}
