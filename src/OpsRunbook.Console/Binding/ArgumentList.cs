using System.Text;

namespace OpsRunbook.ConsoleRunner.Binding;

/// <summary>Comma lists as PowerShell writes them, in arguments that a shell has already taken apart.</summary>
internal static class ArgumentList
{
    /// <summary>Takes <c>a,b</c>, <c>a, b</c> and <c>a , b</c> from the arguments, beginning at <paramref name="index"/>.</summary>
    /// <param name="arguments">All arguments.</param>
    /// <param name="index">Where the list begins; afterwards the first argument behind it.</param>
    /// <returns>The items, quotes removed.</returns>
    public static List<string> Take(IReadOnlyList<string> arguments, ref int index)
    {
        var text = new StringBuilder(arguments[index++]);
        while (index < arguments.Count && (EndsWithComma(text) || arguments[index].StartsWith(',')))
        {
            text.Append(arguments[index++]);
        }

        return Split(text.ToString());
    }

    /// <summary>Splits at commas outside of quotes. An item in quotes is taken literally, with a doubled quote for one quote.</summary>
    /// <param name="text">For example <c>api,'a, b'</c>.</param>
    /// <returns>The items.</returns>
    public static List<string> Split(string text)
    {
        var items = new List<string>();
        var item = new StringBuilder();
        for (var i = 0; i <= text.Length; i++)
        {
            if (i == text.Length || text[i] == ',')
            {
                items.Add(item.ToString().Trim());
                item.Clear();
            }
            else if (text[i] is '\'' or '"' && string.IsNullOrWhiteSpace(item.ToString()) && ClosingQuote(text, i) is var end and > 0)
            {
                var quote = text[i];
                items.Add(text[(i + 1)..end].Replace(new string(quote, 2), quote.ToString(), StringComparison.Ordinal));
                item.Clear();
                i = text.IndexOf(',', end) is var comma and >= 0 ? comma : text.Length;
            }
            else
            {
                item.Append(text[i]);
            }
        }

        return items;
    }

    // The quote that ends the item: followed by a comma or by nothing. A lone apostrophe is an ordinary character.
    private static int ClosingQuote(string text, int start)
    {
        for (var i = start + 1; i < text.Length; i++)
        {
            if (text[i] != text[start])
            {
                continue;
            }

            if (i + 1 < text.Length && text[i + 1] == text[start])
            {
                i++;
                continue;
            }

            var rest = text.AsSpan(i + 1).TrimStart();
            return rest.IsEmpty || rest[0] == ',' ? i : -1;
        }

        return -1;
    }

    private static bool EndsWithComma(StringBuilder text) => text.Length > 0 && text[^1] == ',';
}
