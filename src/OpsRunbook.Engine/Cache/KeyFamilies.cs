using System.Text;

namespace OpsRunbook.Engine.Cache;

/// <summary>Adds up keys by the beginning of their names, in bounded memory.</summary>
/// <param name="delimiter">What ends the beginning.</param>
/// <param name="within">Pattern that all keys fit; what is the same in all of them does not tell families apart.</param>
internal sealed class KeyFamilies(string delimiter, string? within = null)
{
    private const int MostFamilies = 10_000;
    private const string Others = "(others)";

    private readonly Dictionary<string, Family> _families = new(StringComparer.Ordinal);
    private readonly byte[] _delimiter = Encoding.UTF8.GetBytes(delimiter);
    private readonly int _same = Encoding.UTF8.GetByteCount((within ?? string.Empty).Split('*', '?', '[', '\\')[0]);

    /// <summary>Keys so far.</summary>
    public long Keys { get; private set; }

    /// <summary>The pattern of the family that a key belongs to: up to the first delimiter, or up to the first digit where there is none.</summary>
    /// <param name="key">The key.</param>
    /// <returns>For example <c>sess:*</c>.</returns>
    public string PatternOf(ReadOnlySpan<byte> key)
    {
        var same = Math.Min(_same, key.Length);
        var end = key[same..].IndexOf(_delimiter);
        if (end >= 0)
        {
            return RedisGlob.Escape(KeyText.Of(key[..(same + end + _delimiter.Length)], out _)) + "*";
        }

        // user1, user2… are a family, and config is its own.
        end = key[same..].IndexOfAnyInRange((byte)'0', (byte)'9');
        return RedisGlob.Escape(KeyText.Of(end < 0 ? key : key[..(same + end)], out _)) + (end < 0 ? string.Empty : "*");
    }

    /// <summary>Adds a key.</summary>
    /// <param name="key">What is known about it.</param>
    public void Add(KeyFacts key)
    {
        var pattern = PatternOf(key.Key.Span);
        if (!_families.TryGetValue(pattern, out var family))
        {
            family = _families.Count < MostFamilies ? new Family() : _families.GetValueOrDefault(Others) ?? new Family();
            _families[_families.Count < MostFamilies ? pattern : Others] = family;
        }

        Keys++;
        family.Keys++;
        family.NoExpiry += key.NeverExpires ? 1 : 0;
        family.Bytes += key.Bytes ?? 0;
        if (key.Bytes > family.LargestBytes)
        {
            (family.Largest, family.LargestBytes) = (key.Key, key.Bytes.Value);
        }
    }

    /// <summary>The families with the most memory, or with the most keys where sizes are not known, first.</summary>
    /// <returns>Pattern and sums.</returns>
    public IReadOnlyList<(string Pattern, Family Family)> Take() =>
        [.. _families.OrderByDescending(pair => pair.Value.Bytes).ThenByDescending(pair => pair.Value.Keys).Select(pair => (pair.Key, pair.Value))];

    /// <summary>Says what there is: <c>sess:* (1200 keys), bull:* (30 keys) and 2 more families</c>.</summary>
    /// <param name="shown">So many families are named.</param>
    /// <returns>Text for a question.</returns>
    public string Describe(int shown = 5)
    {
        var families = _families.OrderByDescending(pair => pair.Value.Keys).ToList();
        var named = string.Join(", ", families.Take(shown).Select(pair => $"{Display.Text(pair.Key)} ({pair.Value.Keys} keys)"));
        return families.Count > shown ? $"{named} and {families.Count - shown} more families" : named;
    }

    /// <summary>Sums of a family.</summary>
    internal sealed class Family
    {
        public long Keys { get; set; }

        public long Bytes { get; set; }

        public long NoExpiry { get; set; }

        public long LargestBytes { get; set; } = -1;

        public ReadOnlyMemory<byte>? Largest { get; set; }
    }
}
