using System.Text;
using OpsRunbook.Engine.WebServer;

namespace OpsRunbook.Engine.Stacks;

/// <summary>A word of nginx's configuration, or one of <c>; { }</c>.</summary>
/// <param name="Text">The word without quotes and comments.</param>
/// <param name="Quoted">It stood in quotes, so that it is a word whatever it looks like.</param>
/// <param name="Start">Where it begins in the text, with its quote.</param>
/// <param name="End">Where it ends, exclusive.</param>
internal readonly record struct NginxToken(string Text, bool Quoted, int Start, int End)
{
    private const string LuaBlock = "_by_lua_block";

    /// <summary>It ends a statement: <c>;</c>, <c>{</c> or <c>}</c>.</summary>
    public bool IsDelimiter => !Quoted && Text is ";" or "{" or "}";

    /// <summary>Takes a configuration apart.</summary>
    /// <param name="text">The configuration.</param>
    /// <returns>Its words in their order.</returns>
    public static IEnumerable<NginxToken> Read(string text)
    {
        var word = new StringBuilder();
        var start = 0;
        var first = string.Empty;
        for (var i = 0; i < text.Length; i++)
        {
            var letter = text[i];
            if (word.Length == 0)
            {
                start = i;
            }

            if (letter is '"' or '\'' && word.Length == 0)
            {
                for (i++; i < text.Length && text[i] != letter; i++)
                {
                    if (text[i] == '\\' && i + 1 < text.Length && (text[i + 1] == letter || text[i + 1] == '\\'))
                    {
                        i++;
                    }

                    word.Append(text[i]);
                }

                first = first.Length == 0 ? "\"" : first;
                yield return new NginxToken(word.ToString(), true, start, Math.Min(i + 1, text.Length));
                word.Clear();
                continue;
            }

            // ${name} is part of a word, not a block.
            if (letter == '{' && word.Length > 0 && word[^1] == '$')
            {
                for (; i < text.Length && text[i] != '}'; i++)
                {
                    word.Append(text[i]);
                }

                word.Append('}');
                continue;
            }

            if (IsSpace(letter) || letter is ';' or '{' or '}' || (letter == '#' && word.Length == 0))
            {
                if (word.Length > 0)
                {
                    first = first.Length == 0 ? word.ToString() : first;
                    yield return new NginxToken(word.ToString(), false, start, i);
                    word.Clear();
                }

                if (letter == '#')
                {
                    for (; i < text.Length && text[i] != '\n'; i++)
                    {
                    }
                }
                else if (!IsSpace(letter))
                {
                    yield return new NginxToken(letter.ToString(), false, i, i + 1);
                    if (letter == '{' && first.EndsWith(LuaBlock, StringComparison.Ordinal))
                    {
                        // One word, so that nothing in it is taken for a directive.
                        var end = LuaText.EndOfBlock(text, i + 1);
                        yield return new NginxToken(text[(i + 1)..end], true, i + 1, end);
                        i = end - 1;
                    }

                    first = string.Empty;
                }

                continue;
            }

            if (letter == '\\' && i + 1 < text.Length)
            {
                word.Append(letter);
                letter = text[++i];
            }

            word.Append(letter);
        }
    }

    // What nginx takes for space, and nothing else: a text read byte by byte has more that look like one.
    private static bool IsSpace(char letter) => letter is ' ' or '\t' or '\r' or '\n';
}
