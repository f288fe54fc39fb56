using System.Text;

namespace OpsRunbook.ConsoleRunner.Help;

/// <summary>An about topic of <c>docs/about</c>: Markdown there, plain text as Get-Help shows it.</summary>
internal static class AboutTopic
{
    /// <summary>Turns a page into plain text.</summary>
    /// <param name="markdown">The page.</param>
    /// <returns>Headings in capitals, everything else indented.</returns>
    public static string Render(string markdown)
    {
        var (text, fenced) = (new StringBuilder(), false);
        foreach (var line in markdown.ReplaceLineEndings("\n").TrimEnd().Split('\n'))
        {
            if (line.StartsWith("```", StringComparison.Ordinal))
            {
                fenced = !fenced;
            }
            else if (!fenced && line.StartsWith('#'))
            {
                text.Append(line.TrimStart('#').Trim().ToUpperInvariant()).Append('\n');
            }
            else
            {
                var indent = line.Length == 0 ? string.Empty : fenced ? "        " : "    ";
                text.Append(indent).Append(fenced ? line : CommandPage.Plain(line)).Append('\n');
            }
        }

        return text.ToString();
    }
}
