namespace OpsRunbook.Engine.Databases;

/// <summary>Finds where a text, a quoted name or a comment of SQL ends.</summary>
/// <param name="sql">The SQL.</param>
/// <param name="engine">Whose it is; what is not PostgreSQL is taken for MySQL.</param>
internal sealed class SqlScanner(string sql, DatabaseEngine engine)
{
    private readonly bool _isPostgres = engine == DatabaseEngine.Postgres;

    /// <summary>What begins at a place.</summary>
    public enum Piece
    {
        /// <summary>A single character.</summary>
        Other,

        /// <summary>A text.</summary>
        Text,

        /// <summary>A name in quotes.</summary>
        Name,

        /// <summary>A comment.</summary>
        Comment,
    }

    /// <summary>The piece that begins at a place, and where it ends. What is never closed goes to the end.</summary>
    /// <param name="at">The place.</param>
    /// <returns>The piece.</returns>
    public (Piece Kind, int End) Next(int at)
    {
        var next = at + 1 < sql.Length ? sql[at + 1] : '\0';
        return sql[at] switch
        {
            '\'' => (Piece.Text, Quoted(at, '\'', !_isPostgres || IsEscapeText(at))),
            '"' => !_isPostgres ? (Piece.Text, Quoted(at, '"', backslash: true)) : (Piece.Name, Quoted(at, '"', backslash: false)),
            '`' when !_isPostgres => (Piece.Name, Quoted(at, '`', backslash: false)),
            '#' when !_isPostgres => (Piece.Comment, LineEnd(at)),
            '-' when next == '-' && (_isPostgres || at + 2 >= sql.Length || char.IsWhiteSpace(sql[at + 2]) || char.IsControl(sql[at + 2])) => (Piece.Comment, LineEnd(at)),
            '/' when next == '*' => (Piece.Comment, BlockEnd(at)),
            '$' when DollarEnd(at) is { } end => (Piece.Text, end),
            _ => (Piece.Other, at + 1),
        };
    }

    /// <summary>A character that a name can hold.</summary>
    /// <param name="character">The character.</param>
    /// <returns>True when it can.</returns>
    public static bool IsNamePart(char character) => char.IsLetterOrDigit(character) || character is '_' or '$' || character >= 0x80;

    private int Quoted(int at, char quote, bool backslash)
    {
        for (var i = at + 1; i < sql.Length; i++)
        {
            if (backslash && sql[i] == '\\')
            {
                i++;
            }
            else if (sql[i] == quote)
            {
                if (i + 1 >= sql.Length || sql[i + 1] != quote)
                {
                    return i + 1;
                }

                i++;
            }
        }

        return sql.Length;
    }

    // E'it\'s'
    private bool IsEscapeText(int at) => at > 0 && sql[at - 1] is 'e' or 'E' && (at < 2 || !IsNamePart(sql[at - 2]));

    private int LineEnd(int at) => sql.IndexOfAny(['\n', '\r'], at) is >= 0 and var end ? end : sql.Length;

    private int BlockEnd(int at)
    {
        var depth = 0;
        for (var i = at; i + 1 < sql.Length; i++)
        {
            if (sql[i] == '/' && sql[i + 1] == '*' && (depth == 0 || _isPostgres))
            {
                depth++;
                i++;
            }
            else if (sql[i] == '*' && sql[i + 1] == '/')
            {
                i++;
                if (--depth == 0)
                {
                    return i + 1;
                }
            }
        }

        return sql.Length;
    }

    // $tag$ … $tag$; $1 is a parameter, and a dollar within a name is part of it. MySQL has no such texts and nobody who begins a name
    // with a dollar; what looks like a text is rather taken for one, and hidden.
    private int? DollarEnd(int at)
    {
        if (at > 0 && IsNamePart(sql[at - 1]))
        {
            return null;
        }

        var end = at + 1;
        while (end < sql.Length && sql[end] != '$' && IsNamePart(sql[end]))
        {
            end++;
        }

        if (end >= sql.Length || sql[end] != '$' || char.IsAsciiDigit(sql[at + 1]))
        {
            return null;
        }

        var tag = sql[at..(end + 1)];
        return sql.IndexOf(tag, end + 1, StringComparison.Ordinal) is >= 0 and var close ? close + tag.Length : sql.Length;
    }
}
