namespace OpsRunbook.Engine.WebServer;

/// <summary>
/// Code between the braces of a directive such as <c>content_by_lua_block</c>. Its quotes, comments and braces are those of Lua, not of nginx.
/// </summary>
internal static class LuaText
{
    /// <summary>Finds the brace that closes the block.</summary>
    /// <param name="text">Configuration.</param>
    /// <param name="position">Position after the brace that opens it.</param>
    /// <returns>Position of the closing brace; the end of the text when there is none.</returns>
    public static int EndOfBlock(string text, int position)
    {
        var depth = 1;
        for (var i = position; i < text.Length; i++)
        {
            switch (text[i])
            {
                case '{':
                    depth++;
                    break;
                case '}' when --depth == 0:
                    return i;
                case '"' or '\'':
                    i = EndOfString(text, i);
                    break;
                case '-' when At(text, i + 1) == '-':
                    i = LongBracket(text, i + 2) is { } comment ? comment : EndOfLine(text, i);
                    break;
                case '[' when LongBracket(text, i) is { } end:
                    i = end;
                    break;
            }
        }

        return text.Length;
    }

    // The last letter of what is skipped, so that the loop goes on after it.
    private static int EndOfString(string text, int start)
    {
        for (var i = start + 1; i < text.Length; i++)
        {
            if (text[i] == '\\')
            {
                i++;
            }
            else if (text[i] == text[start] || text[i] == '\n')
            {
                return i;
            }
        }

        return text.Length;
    }

    private static int EndOfLine(string text, int start) => text.IndexOf('\n', start) is var end and >= 0 ? end : text.Length;

    // [[ … ]] and [==[ … ]==] hold anything.
    private static int? LongBracket(string text, int start)
    {
        var level = 0;
        while (At(text, start + 1 + level) == '=')
        {
            level++;
        }

        if (At(text, start) != '[' || At(text, start + 1 + level) != '[')
        {
            return null;
        }

        var closing = $"]{new string('=', level)}]";
        return text.IndexOf(closing, start + 2 + level, StringComparison.Ordinal) is var end and >= 0 ? end + closing.Length - 1 : text.Length;
    }

    private static char At(string text, int position) => position < text.Length ? text[position] : '\0';
}
