using System.Collections.Concurrent;
using System.IO.Enumeration;

namespace OpsRunbook.Engine;

/// <summary>Names with wildcards that things are picked by; remembers which of them picked something.</summary>
/// <param name="patterns">The names; none picks everything.</param>
public sealed class NameFilter(IReadOnlyList<string> patterns)
{
    private const int Shown = 20;
    private readonly ConcurrentDictionary<string, bool> _used = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _known = new(StringComparer.Ordinal);

    /// <summary>A thing is wanted that goes by these names.</summary>
    /// <param name="names">Its names; null ones are left out.</param>
    /// <returns>True when one of them fits.</returns>
    public bool Includes(params string?[] names)
    {
        ArgumentNullException.ThrowIfNull(names);
        var present = names.OfType<string>().ToList();
        foreach (var name in present)
        {
            _known.TryAdd(name, true);
        }

        var included = patterns.Count == 0;
        foreach (var pattern in patterns.Where(pattern => present.Exists(name => Fits(pattern, name))))
        {
            _used.TryAdd(pattern, true);
            included = true;
        }

        return included;
    }

    /// <summary>Failures for the names that picked nothing.</summary>
    /// <param name="id">Id of the failure.</param>
    /// <param name="what">What was looked for: <c>container</c>.</param>
    /// <returns>One for each such name.</returns>
    public IEnumerable<OpsException> Unused(string id, string what) => patterns
        .Where(pattern => !_used.ContainsKey(pattern))
        .Distinct(StringComparer.Ordinal)
        .Select(pattern => new OpsException(
            id, OpsErrorKind.NotFound, $"There is no {what} '{pattern}'.", Nearest.Suggest(pattern, _known.Keys.Order(StringComparer.Ordinal).Take(Shown * Shown)), pattern));

    /// <summary>A name is meant: by itself, capital letters aside, whatever it is made of, or by wildcards.</summary>
    /// <param name="pattern">Name with <c>*</c> and <c>?</c>.</param>
    /// <param name="name">The name of a thing.</param>
    /// <returns>True when it fits.</returns>
    public static bool Fits(string pattern, string name) =>
        string.Equals(pattern, name, StringComparison.OrdinalIgnoreCase)
        || (pattern.AsSpan().ContainsAny('*', '?') && FileSystemName.MatchesSimpleExpression(pattern, name));
}
