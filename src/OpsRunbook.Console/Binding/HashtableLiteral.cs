using System.Collections;
using System.Globalization;

namespace OpsRunbook.ConsoleRunner.Binding;

/// <summary>Reads <c>@{ name = 'value'; count = 3 }</c>: one level, with texts, numbers, <c>$true</c>, <c>$false</c> and <c>$null</c>.</summary>
internal static class HashtableLiteral
{
    /// <summary>Reads a literal.</summary>
    /// <param name="text">The literal.</param>
    /// <returns>The table, its keys without regard to case as in PowerShell.</returns>
    /// <exception cref="FormatException">The text is not a literal of that form.</exception>
    public static Hashtable Parse(string text)
    {
        text = text.Trim();
        if (!text.StartsWith("@{", StringComparison.Ordinal) || !text.EndsWith('}'))
        {
            throw new FormatException($"'{text}' is not a table; write for example '@{{name=\"api\"; port=80}}', in quotes that keep the shell away from it.");
        }

        var table = new Hashtable(StringComparer.OrdinalIgnoreCase);
        foreach (var entry in Entries(text[2..^1]))
        {
            var equals = entry.IndexOf('=', StringComparison.Ordinal);
            var key = equals < 0 ? string.Empty : Unquote(entry[..equals].Trim());
            if (key.Length == 0)
            {
                throw new FormatException($"'{entry.Trim()}' in a table is not of the form name=value.");
            }

            table[key] = Value(entry[(equals + 1)..].Trim());
        }

        return table;
    }

    private static object? Value(string text) => text.ToUpperInvariant() switch
    {
        "$TRUE" => true,
        "$FALSE" => false,
        "$NULL" => null,
        _ when IsQuoted(text) => Unquote(text),
        _ when int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) => whole,
        _ when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) => number,
        _ => text,
    };

    private static IEnumerable<string> Entries(string text)
    {
        var (start, quote) = (0, '\0');
        for (var i = 0; i <= text.Length; i++)
        {
            if (i < text.Length && quote == '\0' && text[i] is '\'' or '"')
            {
                quote = text[i];
            }
            else if (i < text.Length && text[i] == quote)
            {
                quote = '\0';
            }
            else if (i == text.Length || (quote == '\0' && text[i] is ';' or '\n'))
            {
                if (!string.IsNullOrWhiteSpace(text[start..i]))
                {
                    yield return text[start..i];
                }

                start = i + 1;
            }
        }
    }

    private static bool IsQuoted(string text) => text.Length >= 2 && text[0] is '\'' or '"' && text[^1] == text[0];

    private static string Unquote(string text) => IsQuoted(text)
        ? text[1..^1].Replace(new string(text[0], 2), text[..1], StringComparison.Ordinal)
        : text;
}
