using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace OpsRunbook.Engine.WebServer;

/// <summary>
/// What maintenance mode adds to nginx's configuration: lines between two comments that name their owner and carry a fingerprint of what stands
/// between them, so that exactly they are taken back, and never what somebody has made of them. Texts hold one character for each byte.
/// </summary>
/// <param name="Start">Where it begins in the text.</param>
/// <param name="End">Where it ends, exclusive.</param>
/// <param name="Line">Line of its first comment, from 1.</param>
/// <param name="Owner">Whose maintenance it is.</param>
/// <param name="Part">What it does.</param>
/// <param name="Id">Tells the sites apart; empty for one that has ended.</param>
/// <param name="IsEdited">It is not as it was written.</param>
internal sealed partial record MaintenanceMark(int Start, int End, int Line, string Owner, MaintenancePart Part, string Id, bool IsEdited)
{
    private const string Opening = "# opsrunbook: maintenance \"";
    private const string Ended = "\" ended\n";

    /// <summary>Text of a mark.</summary>
    /// <param name="owner">Whose maintenance it is.</param>
    /// <param name="part">What it does.</param>
    /// <param name="id">Tells the sites apart.</param>
    /// <param name="body">Whole lines of configuration.</param>
    /// <returns>What is to be inserted.</returns>
    public static string Text(string owner, MaintenancePart part, string id, string body)
    {
        var name = $"{Name(part)} {id} {Fingerprint(owner, part, id, body)}";
        return $"{Lead(part)}{Opening}{owner}\" begins, {name}\n{body}{EndLine(name)}";
    }

    /// <summary>The comment that stays until nginx has taken over that maintenance has ended.</summary>
    /// <param name="owner">Whose maintenance it was.</param>
    /// <returns>What is to be inserted.</returns>
    public static string EndedText(string owner) => "\n" + Opening + owner + Ended;

    /// <summary>Finds every mark.</summary>
    /// <param name="text">Configuration.</param>
    /// <returns>The marks in their order.</returns>
    public static List<MaintenanceMark> Find(string text)
    {
        var marks = new List<MaintenanceMark>();
        var (line, counted) = (1, 0);
        for (var at = 0; (at = text.IndexOf(Opening, at, StringComparison.Ordinal)) >= 0;)
        {
            line += text.AsSpan(counted, at - counted).Count('\n');
            counted = at;
            var mark = Read(text, at, line);
            if (mark is not null)
            {
                marks.Add(mark);
            }

            at = Math.Max(at + Opening.Length, mark?.End ?? 0);
        }

        return marks;
    }

    /// <summary>The text without marks of an owner, those aside that somebody has edited.</summary>
    /// <param name="text">Configuration.</param>
    /// <param name="owner">Whose maintenance it was.</param>
    /// <returns>The text as it was before; the same when it has none.</returns>
    public static string Remove(string text, string owner) =>
        Apply(text, Find(text).Where(mark => mark.Owner == owner && !mark.IsEdited).Select(mark => (mark.Start, mark.End, string.Empty)));

    /// <summary>Replaces parts of a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="edits">Begin, end and what stands there instead; they may touch and not overlap.</param>
    /// <returns>The new text.</returns>
    public static string Apply(string text, IEnumerable<(int Start, int End, string New)> edits)
    {
        // From the back, so that the positions before stay what they are.
        foreach (var (start, end, replacement) in edits.OrderByDescending(edit => edit.Start).ThenByDescending(edit => edit.End))
        {
            text = string.Concat(text.AsSpan(0, start), replacement, text.AsSpan(end));
        }

        return text;
    }

    private static MaintenanceMark? Read(string text, int at, int line)
    {
        var endOfLine = text.IndexOf('\n', at) is var end and >= 0 ? end : text.Length;
        var comment = text[at..endOfLine].TrimEnd('\r');
        if (EndedComment().Match(comment) is { Success: true } ended)
        {
            var isWhole = at > 0 && text[at - 1] == '\n' && endOfLine < text.Length && text[endOfLine - 1] != '\r';
            return new MaintenanceMark(isWhole ? at - 1 : at, Math.Min(endOfLine + 1, text.Length), line, ended.Groups[1].Value, MaintenancePart.Ended, string.Empty, !isWhole);
        }

        if (BeginComment().Match(comment) is not { Success: true } begin)
        {
            // The closing comment of a mark is no mark, and neither is what only resembles one.
            return null;
        }

        var (owner, id) = (begin.Groups["owner"].Value, begin.Groups["id"].Value);
        var part = begin.Groups["part"].Value == Name(MaintenancePart.Condition) ? MaintenancePart.Condition : MaintenancePart.Answer;
        var last = EndLine(begin.Groups["name"].Value);
        var bodyStart = Math.Min(endOfLine + 1, text.Length);
        var close = text.IndexOf(last, bodyStart, StringComparison.Ordinal);
        var lead = Lead(part).Length;
        var isExact = close >= 0
            && begin.Groups["print"].Value == Fingerprint(owner, part, id, text[bodyStart..close])
            && (lead == 0 || (at > 0 && text[at - 1] == '\n'));
        return isExact
            ? new MaintenanceMark(at - lead, close + last.Length, line, owner, part, id, IsEdited: false)
            : new MaintenanceMark(at, bodyStart, line, owner, part, id, IsEdited: true);
    }

    // The brace that opens a site's block has the rest of its line; what comes before a site begins where the site began.
    private static string Lead(MaintenancePart part) => part == MaintenancePart.Condition ? string.Empty : "\n";

    private static string Name(MaintenancePart part) => part == MaintenancePart.Condition ? "condition" : "answer";

    private static string EndLine(string name) => $"# opsrunbook: maintenance ends, {name}\n";

    private static string Fingerprint(string owner, MaintenancePart part, string id, string body) =>
        Convert.ToHexString(SHA256.HashData(Encoding.Latin1.GetBytes($"{owner}\n{Name(part)}\n{id}\n{body}")))[..12].ToLowerInvariant();

    [GeneratedRegex("^# opsrunbook: maintenance \"(?<owner>[^\"]*)\" begins, (?<name>(?<part>condition|answer) (?<id>[0-9a-f]{8}) (?<print>[0-9a-f]{12}))$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex BeginComment();

    [GeneratedRegex("^# opsrunbook: maintenance \"([^\"]*)\" ended$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex EndedComment();
}
