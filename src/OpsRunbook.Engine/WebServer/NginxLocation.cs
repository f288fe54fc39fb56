using System.Text.RegularExpressions;

namespace OpsRunbook.Engine.WebServer;

/// <summary>A location of a site, or an <c>if</c> in one, with what is in effect there.</summary>
/// <param name="Directive">The block.</param>
/// <param name="Modifier"><c>=</c>, <c>^~</c>, <c>~</c>, <c>~*</c>, <c>@</c>, <c>if</c> or nothing.</param>
/// <param name="Path">Path or expression.</param>
/// <param name="Scope">The proxy's settings.</param>
/// <param name="ProxyPass">Where requests are passed to; null when they are not.</param>
/// <param name="Inner">Locations inside of it.</param>
internal sealed record NginxLocation(NginxDirective Directive, string Modifier, string Path, ProxyScope Scope, string? ProxyPass, IReadOnlyList<NginxLocation> Inner)
{
    // nginx itself ends sooner.
    private const int DeepestNesting = 50;

    private static readonly TimeSpan MatchLimit = TimeSpan.FromMilliseconds(200);

    /// <summary>As it is written.</summary>
    public string Text => Modifier.Length == 0 || Modifier == "@" ? Path : $"{Modifier} {Path}";

    /// <summary>The locations of a block.</summary>
    /// <param name="configuration">The configuration.</param>
    /// <param name="block">What stands in it, includes followed.</param>
    /// <param name="scope">The settings that are in effect in it.</param>
    /// <returns>The locations.</returns>
    public static IReadOnlyList<NginxLocation> Of(NginxConfiguration configuration, IReadOnlyList<NginxDirective> block, ProxyScope scope) => Of(configuration, block, scope, 0);

    /// <summary>Every location of a list, with those inside.</summary>
    /// <param name="locations">The list.</param>
    /// <returns>The outer one before the inner ones.</returns>
    public static IEnumerable<NginxLocation> All(IEnumerable<NginxLocation> locations) => locations.SelectMany(location => All(location.Inner).Prepend(location));

    /// <summary>The location that nginx chooses for a path.</summary>
    /// <param name="locations">Locations of a site.</param>
    /// <param name="path">Path of a request.</param>
    /// <returns>The location; null when none fits.</returns>
    public static NginxLocation? Find(IReadOnlyList<NginxLocation> locations, string path)
    {
        if (locations.FirstOrDefault(location => location.Modifier == "=" && location.Path == path) is { } exact)
        {
            return exact;
        }

        var prefix = locations.Where(location => location.Modifier is "" or "^~" && path.StartsWith(location.Path, StringComparison.Ordinal)).MaxBy(location => location.Path.Length);
        var inner = prefix is null ? null : Find(prefix.Inner.Where(location => location.Modifier != "if").ToList(), path);
        if (prefix?.Modifier == "^~" || inner?.Modifier is "=" or "~" or "~*")
        {
            return inner ?? prefix;
        }

        return locations.FirstOrDefault(location => location.Modifier is "~" or "~*" && Fits(location, path)) is { } expression
            ? Find(expression.Inner.Where(location => location.Modifier != "if").ToList(), path) ?? expression
            : inner ?? prefix;
    }

    private static bool Fits(NginxLocation location, string path)
    {
        try
        {
            return Regex.IsMatch(path, location.Path, RegexOptions.CultureInvariant | (location.Modifier == "~*" ? RegexOptions.IgnoreCase : RegexOptions.None), MatchLimit);
        }
        catch (Exception error) when (error is ArgumentException or RegexMatchTimeoutException)
        {
            // Almost every expression means the same to PCRE and .NET; one that does not is not this path's.
            return false;
        }
    }

    private static List<NginxLocation> Of(NginxConfiguration configuration, IReadOnlyList<NginxDirective> block, ProxyScope scope, int depth)
    {
        var locations = new List<NginxLocation>();
        foreach (var directive in block.Where(directive => directive is { Block: not null, Name: "location" or "if" or "limit_except" } && depth < DeepestNesting))
        {
            var content = configuration.Expand(directive.Block!);
            var own = scope.Enter(content);
            var (modifier, path) = (directive.Name, directive.Arguments) switch
            {
                ("location", [var sign, var value]) => (sign, value),
                ("location", [['=', .. var value]]) => ("=", value),
                ("location", [['^', '~', .. var value]]) => ("^~", value),
                ("location", [['~', '*', .. var value]]) => ("~*", value),
                ("location", [['~', .. var value]]) => ("~", value),
                ("location", [var value]) => (value.StartsWith('@') ? "@" : string.Empty, value),
                _ => ("if", $"{directive.Name} {string.Join(' ', directive.Arguments)}"),
            };
            var pass = content.LastOrDefault(setting => setting is { Name: "proxy_pass", Block: null, Arguments.Count: 1 })?.Value;
            locations.Add(new NginxLocation(directive, modifier, path, own, pass, Of(configuration, content, own, depth + 1)));
        }

        return locations;
    }
}
