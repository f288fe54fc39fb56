using System.Text.RegularExpressions;

namespace OpsRunbook.ConsoleRunner.Help;

/// <summary>An example of a command page.</summary>
/// <param name="Title">Without its number.</param>
/// <param name="Code">What is typed.</param>
/// <param name="Text">What it does.</param>
internal sealed record CommandExample(string Title, string Code, string Text);

/// <summary>A page of <c>docs/commands</c>, the one source of a command's help.</summary>
internal sealed partial class CommandPage
{
    private readonly Dictionary<string, string> _sections = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, string> _parameters = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<CommandExample> _examples = [];

    /// <summary>Name of the command.</summary>
    public string Name { get; private set; } = string.Empty;

    public string Synopsis => Section("Synopsis");

    public string Description => Section("Description");

    public string Outputs => Section("Outputs");

    public string Notes => Section("Notes");

    public IReadOnlyList<CommandExample> Examples => _examples;

    /// <summary>Text by parameter name, without the dash.</summary>
    public IReadOnlyDictionary<string, string> Parameters => _parameters;

    /// <summary>Reads a page.</summary>
    /// <param name="markdown">Its text.</param>
    /// <returns>The page; sections that it does not have are empty.</returns>
    public static CommandPage Parse(string markdown)
    {
        var page = new CommandPage();
        var (section, item, code) = (string.Empty, (string?)null, false);
        var text = new List<string>();
        foreach (var line in markdown.ReplaceLineEndings("\n").Split('\n'))
        {
            code ^= line.StartsWith("```", StringComparison.Ordinal);
            if (!code && line.StartsWith("# ", StringComparison.Ordinal))
            {
                page.Name = line[2..].Trim();
            }
            else if (!code && line.StartsWith("## ", StringComparison.Ordinal))
            {
                page.Keep(section, item, text);
                (section, item) = (line[3..].Trim(), null);
            }
            else if (!code && line.StartsWith("### ", StringComparison.Ordinal) && section is "Examples" or "Parameters" && line.StartsWith("### ", StringComparison.Ordinal))
            {
                page.Keep(section, item, text);
                item = line[4..].Trim();
            }
            else
            {
                text.Add(line);
            }
        }

        page.Keep(section, item, text);
        return page;
    }

    /// <summary>Markdown without its marks: links by their text, no emphasis, no backticks.</summary>
    /// <param name="markdown">The text.</param>
    /// <returns>Text as for a terminal.</returns>
    public static string Plain(string markdown) =>
        Marks().Replace(Links().Replace(markdown, "$1"), string.Empty);

    /// <summary>The paragraphs of a text. Lists, tables and code keep their lines.</summary>
    /// <param name="markdown">The text.</param>
    /// <returns>Plain paragraphs.</returns>
    public static IEnumerable<string> Paragraphs(string markdown)
    {
        var fenced = false;
        foreach (var block in Blocks(markdown))
        {
            fenced = block.StartsWith("```", StringComparison.Ordinal);
            yield return fenced
                ? string.Join('\n', block.Split('\n').Where(line => !line.StartsWith("```", StringComparison.Ordinal)).Select(line => "    " + line))
                : KeepsLines(block) ? Plain(block) : Plain(block.Replace('\n', ' '));
        }
    }

    private static bool KeepsLines(string block) => block.Split('\n').Any(line => line.TrimStart() is ['-' or '*' or '|', ' ' or '-', ..] or [>= '0' and <= '9', '.', ' ', ..]);

    private static IEnumerable<string> Blocks(string markdown)
    {
        var (block, fenced) = (new List<string>(), false);
        foreach (var line in markdown.Split('\n'))
        {
            var fence = line.StartsWith("```", StringComparison.Ordinal);
            if (block.Count > 0 && ((string.IsNullOrWhiteSpace(line) && !fenced) || (fence && !fenced)))
            {
                yield return string.Join('\n', block);
                block.Clear();
            }

            if (fenced || !string.IsNullOrWhiteSpace(line))
            {
                block.Add(line);
            }

            if (fence && fenced)
            {
                yield return string.Join('\n', block);
                block.Clear();
            }

            fenced ^= fence;
        }

        if (block.Count > 0)
        {
            yield return string.Join('\n', block);
        }
    }

    [GeneratedRegex(@"\[([^\]\[]+)\]\((?:[^()\s]+)\)", RegexOptions.None, 1000)]
    private static partial Regex Links();

    [GeneratedRegex(@"`|\*\*", RegexOptions.None, 1000)]
    private static partial Regex Marks();

    [GeneratedRegex(@"^[0-9]+[:.]\s*", RegexOptions.None, 1000)]
    private static partial Regex Number();

    private string Section(string name) => _sections.GetValueOrDefault(name, string.Empty);

    private void Keep(string section, string? item, List<string> lines)
    {
        var text = string.Join('\n', lines).Trim();
        if (item is null)
        {
            _sections[section] = text;
        }
        else if (section == "Parameters")
        {
            _parameters[item.TrimStart('-').Trim()] = text;
        }
        else
        {
            var fence = lines.FindIndex(line => line.StartsWith("```", StringComparison.Ordinal));
            var end = fence < 0 ? -1 : lines.FindIndex(fence + 1, line => line.StartsWith("```", StringComparison.Ordinal));
            var code = end < 0 ? string.Empty : string.Join('\n', lines.Skip(fence + 1).Take(end - fence - 1));
            var rest = end < 0 ? lines : lines.Take(fence).Concat(lines.Skip(end + 1));
            _examples.Add(new CommandExample(Plain(Number().Replace(item, string.Empty)), code, string.Join('\n', rest).Trim()));
        }

        lines.Clear();
    }
}
