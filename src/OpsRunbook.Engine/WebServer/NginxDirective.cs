using System.Text;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.WebServer;

/// <summary>A directive of nginx's configuration, with its block if it has one. Texts hold one character for each byte of the file.</summary>
/// <param name="File">File that has it.</param>
/// <param name="Line">Line in that file, from 1.</param>
/// <param name="Words">Its name and arguments.</param>
/// <param name="Terminator">Its semicolon, or the brace that opens its block.</param>
/// <param name="Block">What is in its block, includes not followed; null for none.</param>
internal sealed record NginxDirective(string File, int Line, IReadOnlyList<NginxToken> Words, NginxToken Terminator, List<NginxDirective>? Block)
{
    /// <summary>Its name.</summary>
    public string Name { get; } = Words[0].Text;

    /// <summary>Its arguments as text.</summary>
    public IReadOnlyList<string> Arguments { get; } = [.. Words.Skip(1).Select(word => Decode(word.Text))];

    /// <summary>The first argument; empty for none.</summary>
    public string Value => Arguments is [var first, ..] ? first : string.Empty;

    /// <summary>Where it ends, with its semicolon or closing brace; the end of the text when that is missing.</summary>
    public int End { get; private set; } = Terminator.End;

    /// <summary>Takes the text of one file apart. What is not closed ends with the file, and what is not ended is left out: nginx itself tells what is wrong.</summary>
    /// <param name="file">Name of the file.</param>
    /// <param name="text">Configuration, one character for each byte.</param>
    /// <returns>The directives outside of any block.</returns>
    public static List<NginxDirective> Parse(string file, string text)
    {
        var root = new List<NginxDirective>();
        var blocks = new Stack<(NginxDirective? Owner, List<NginxDirective> Content)>([(null, root)]);
        var statement = new List<NginxToken>();
        var (line, counted) = (1, 0);
        foreach (var token in NginxToken.Read(text))
        {
            if (!token.IsDelimiter)
            {
                statement.Add(token);
                continue;
            }

            if (statement.Count > 0 && token.Text != "}")
            {
                line += text.AsSpan(counted, statement[0].Start - counted).Count('\n');
                counted = statement[0].Start;
                blocks.Peek().Content.Add(new NginxDirective(file, line, [.. statement], token, token.Text == "{" ? [] : null));
            }

            if (token.Text == "{")
            {
                // A brace without a name is wrong, but its closing one belongs to it.
                var owner = statement.Count > 0 ? blocks.Peek().Content[^1] : null;
                blocks.Push((owner, owner?.Block ?? []));
            }
            else if (token.Text == "}" && blocks.Count > 1 && blocks.Pop().Owner is { } closed)
            {
                closed.End = token.End;
            }

            statement.Clear();
        }

        foreach (var (owner, _) in blocks)
        {
            if (owner is not null)
            {
                owner.End = text.Length;
            }
        }

        return root;
    }

    /// <summary>Bytes of the file as the text that they are.</summary>
    /// <param name="bytes">One character for each byte.</param>
    /// <returns>Text.</returns>
    public static string Decode(string bytes) => Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(bytes));
}
