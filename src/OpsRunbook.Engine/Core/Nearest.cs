namespace OpsRunbook.Engine;

/// <summary>Finds what was probably meant by a misspelt name.</summary>
public static class Nearest
{
    private const int LongestText = 64;

    /// <summary>The known name closest to the text, if it is close enough to be a slip of the fingers.</summary>
    /// <param name="text">What was written.</param>
    /// <param name="known">What could have been meant.</param>
    /// <returns>One of the known names; null when none is close.</returns>
    public static string? Find(string text, IEnumerable<string> known)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(known);
        if (text.Length is 0 or > LongestText)
        {
            return null;
        }

        // A third of the letters may be wrong, two at least where the name has more than three.
        var best = (Name: (string?)null, Distance: text.Length <= 3 ? 2 : Math.Max(2, text.Length / 3) + 1);
        foreach (var name in known.Where(name => name.Length is > 0 and <= LongestText))
        {
            var distance = Distance(text.ToUpperInvariant(), name.ToUpperInvariant());
            if (distance < best.Distance)
            {
                best = (name, distance);
            }
        }

        return best.Name;
    }

    /// <summary>The sentence <c>Did you mean 'latency'?</c>, or what is known when nothing is close.</summary>
    /// <param name="text">What was written.</param>
    /// <param name="known">What could have been meant.</param>
    /// <returns>One sentence; null when nothing is known at all.</returns>
    public static string? Suggest(string text, IEnumerable<string> known)
    {
        ArgumentNullException.ThrowIfNull(known);
        var names = known.ToList();
        return Find(text, names) is { } nearest ? $"Did you mean '{nearest}'?"
            : names.Count == 0 ? null
            : $"Known are {string.Join(", ", names.Take(20))}{(names.Count > 20 ? " and others" : string.Empty)}.";
    }

    // Optimal string alignment: insertions, deletions, substitutions and swapped neighbours cost one each.
    private static int Distance(string first, string second)
    {
        var (beforeLast, last, current) = (new int[second.Length + 1], new int[second.Length + 1], new int[second.Length + 1]);
        for (var j = 0; j <= second.Length; j++)
        {
            last[j] = j;
        }

        for (var i = 1; i <= first.Length; i++)
        {
            current[0] = i;
            for (var j = 1; j <= second.Length; j++)
            {
                var substitution = last[j - 1] + (first[i - 1] == second[j - 1] ? 0 : 1);
                current[j] = Math.Min(substitution, Math.Min(last[j], current[j - 1]) + 1);
                if (i > 1 && j > 1 && first[i - 1] == second[j - 2] && first[i - 2] == second[j - 1])
                {
                    current[j] = Math.Min(current[j], beforeLast[j - 2] + 1);
                }
            }

            (beforeLast, last, current) = (last, current, beforeLast);
        }

        return last[second.Length];
    }
}
