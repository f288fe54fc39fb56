using System.Text;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Services;

/// <summary>
/// The mark by which a server of an nginx upstream is taken out: <c>server 127.0.0.1:3001 down; # opsrunbook: drained "shop/api"</c>.
/// It is found again by anybody, names its owner, and is taken back byte for byte. Texts hold one character for each byte of the file.
/// </summary>
internal static class UpstreamMark
{
    private const string Down = " down";
    private const string Opening = " # opsrunbook: drained \"";
    private const string Resumed = " # opsrunbook: resumed \"";
    private const string Closing = "\"";

    // A comment goes to the end of the line, so that what else stands there must move to the next one.
    private const string LineBroken = ", line broken here\n";

    /// <summary>The name under which a service marks its servers.</summary>
    /// <param name="stack">Name of the stack.</param>
    /// <param name="service">Name of the service.</param>
    /// <returns>One character for each byte, without a quote or line break.</returns>
    public static string OwnerOf(string stack, string service) =>
        Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(Display.Text($"{stack}/{service}").Replace('"', '\'')));

    /// <summary>The text with servers marked.</summary>
    /// <param name="text">Configuration.</param>
    /// <param name="ends">Positions of their semicolons.</param>
    /// <param name="owner">Whose drain it is.</param>
    /// <returns>The new text.</returns>
    public static string Add(string text, IEnumerable<int> ends, string owner)
    {
        // From the back, so that the positions before stay what they are.
        foreach (var end in ends.Distinct().OrderDescending())
        {
            var rest = RestOfLine(text, end + 1).TrimStart(" \t\r");
            var mark = Mark(owner) + (rest.IsEmpty || rest[0] == '#' ? string.Empty : LineBroken);
            text = text[..end] + Down + ";" + mark + text[(end + 1)..];
        }

        return text;
    }

    /// <summary>The text with an owner's servers up again. A comment stays in the place of each mark and says that nginx may still have to be told.</summary>
    /// <param name="text">Configuration.</param>
    /// <param name="owner">Whose drain it was.</param>
    /// <returns>The new text; the same when it has no marks.</returns>
    public static string Resume(string text, string owner)
    {
        foreach (var end in Find(text, Opening, owner))
        {
            text = text[..(end - Down.Length)] + ";" + Resumed + text[(end + 1 + Opening.Length)..];
        }

        return text;
    }

    /// <summary>Whether <see cref="Resume"/> left comments that are still there.</summary>
    /// <param name="text">Configuration.</param>
    /// <param name="owner">Whose drain it was.</param>
    /// <returns>True when it did.</returns>
    public static bool IsResumed(string text, string owner) => Find(text, Resumed, owner).Count > 0;

    /// <summary>The text without an owner's marks and without the comments of <see cref="Resume"/>.</summary>
    /// <param name="text">Configuration.</param>
    /// <param name="owner">Whose drain it was.</param>
    /// <returns>The text as it was before <see cref="Add"/>; the same when it has none.</returns>
    public static string Remove(string text, string owner) => Finish(Resume(text, owner), owner);

    /// <summary>The text without the comments of <see cref="Resume"/>.</summary>
    /// <param name="text">Configuration.</param>
    /// <param name="owner">Whose drain it was.</param>
    /// <returns>The new text; the same when it has none.</returns>
    public static string Finish(string text, string owner)
    {
        for (var ends = Find(text, Resumed, owner); ends.Count > 0; ends = Find(text, Resumed, owner))
        {
            foreach (var end in ends)
            {
                var markEnd = end + 1 + Resumed.Length + owner.Length + Closing.Length;
                if (text.AsSpan(markEnd).StartsWith(LineBroken, StringComparison.Ordinal))
                {
                    markEnd += LineBroken.Length;
                }

                text = text[..(end + 1)] + text[markEnd..];
            }
        }

        return text;
    }

    /// <summary>Whose mark follows a semicolon.</summary>
    /// <param name="text">Configuration.</param>
    /// <param name="position">Position after the semicolon.</param>
    /// <returns>The owner; null when there is no mark.</returns>
    public static string? OwnerAt(string text, int position) => OwnerAt(text, position, Opening);

    /// <summary>Whether a comment has an owner's mark, as it is or edited.</summary>
    /// <param name="comment">The comment.</param>
    /// <param name="owner">Whose drain it was.</param>
    /// <returns>True when it has.</returns>
    public static bool IsMentioned(string comment, string owner) => comment.Contains(Mark(owner).Trim(), StringComparison.Ordinal);

    /// <summary>The text from a position to the end of its line.</summary>
    /// <param name="text">Configuration.</param>
    /// <param name="position">Where to begin.</param>
    /// <returns>Without the line feed.</returns>
    public static ReadOnlySpan<char> RestOfLine(string text, int position)
    {
        var rest = text.AsSpan(position);
        return rest[..(rest.IndexOf('\n') is var at and >= 0 ? at : rest.Length)];
    }

    /// <summary>The last word before a semicolon is <c>down</c> as a mark writes it.</summary>
    /// <param name="text">Configuration.</param>
    /// <param name="last">The last word.</param>
    /// <param name="semicolon">The semicolon.</param>
    /// <returns>True when it is.</returns>
    public static bool IsMarkedDown(string text, NginxToken last, NginxToken semicolon) =>
        last is { Quoted: false, Text: "down" } && last.End == semicolon.Start && last.Start > 0 && text[last.Start - 1] == ' ';

    // From the back, so that the positions before stay what they are when one is replaced.
    private static List<int> Find(string text, string opening, string owner)
    {
        var ends = new List<int>();
        NginxToken last = default;
        foreach (var token in NginxToken.Read(text))
        {
            if (token is { IsDelimiter: true, Text: ";" } && (opening == Resumed || IsMarkedDown(text, last, token)) && OwnerAt(text, token.End, opening) == owner)
            {
                ends.Add(token.Start);
            }

            last = token;
        }

        ends.Reverse();
        return ends;
    }

    private static string? OwnerAt(string text, int position, string opening)
    {
        var line = RestOfLine(text, position).TrimEnd('\r');
        if (!line.StartsWith(opening, StringComparison.Ordinal))
        {
            return null;
        }

        // What follows the mark is nothing, our own line break, or the comment that was there before.
        line = line[opening.Length..];
        var end = line.IndexOf('"');
        return end >= 0 && line[(end + 1)..] is var rest && (rest.SequenceEqual(LineBroken.AsSpan().TrimEnd('\n')) || rest.TrimStart(" \t") is [] or ['#', ..])
            ? line[..end].ToString()
            : null;
    }

    private static string Mark(string owner) => Opening + owner + Closing;
}
