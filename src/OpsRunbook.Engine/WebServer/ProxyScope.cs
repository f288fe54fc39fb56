using System.Globalization;
using System.Text.RegularExpressions;

namespace OpsRunbook.Engine.WebServer;

/// <summary>The settings of nginx's proxy that are in effect in a block: its own, or those of the blocks around it.</summary>
internal sealed partial record ProxyScope
{
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(60);

    /// <summary>Longest time to wait for a connection.</summary>
    public TimeSpan ConnectTimeout { get; private init; } = DefaultTimeout;

    /// <summary>Longest silence while the request is sent.</summary>
    public TimeSpan SendTimeout { get; private init; } = DefaultTimeout;

    /// <summary>Longest silence while the answer is read.</summary>
    public TimeSpan ReadTimeout { get; private init; } = DefaultTimeout;

    /// <summary>Protocol version; null when it is not set.</summary>
    public string? HttpVersion { get; private init; }

    /// <summary>Headers of the passed request by their name. A block with one of its own has none of those around it.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; private init; } = new Dictionary<string, string>();

    /// <summary>The block that the headers come from has a header <c>Upgrade</c> itself.</summary>
    public bool HasOwnUpgrade { get; private init; }

    /// <summary>The scope of a block inside of this one.</summary>
    /// <param name="block">What stands in it, includes followed.</param>
    /// <returns>Its scope.</returns>
    public ProxyScope Enter(IReadOnlyList<NginxDirective> block)
    {
        var headers = block.Where(directive => directive is { Name: "proxy_set_header", Arguments.Count: 2 }).ToList();
        var own = headers.GroupBy(header => header.Value, StringComparer.OrdinalIgnoreCase).ToDictionary(group => group.Key, group => group.Last().Arguments[1], StringComparer.OrdinalIgnoreCase);
        return this with
        {
            ConnectTimeout = Time(block, "proxy_connect_timeout") ?? ConnectTimeout,
            SendTimeout = Time(block, "proxy_send_timeout") ?? SendTimeout,
            ReadTimeout = Time(block, "proxy_read_timeout") ?? ReadTimeout,
            HttpVersion = block.LastOrDefault(directive => directive is { Name: "proxy_http_version", Arguments.Count: 1 })?.Value ?? HttpVersion,
            Headers = headers.Count > 0 ? own : Headers,
            HasOwnUpgrade = own.ContainsKey("Upgrade"),
        };
    }

    /// <summary>A time as nginx writes it: <c>60</c>, <c>1m 30s</c>, <c>500ms</c>.</summary>
    /// <param name="text">The text.</param>
    /// <returns>The time; null when it is none.</returns>
    public static TimeSpan? ParseTime(string text)
    {
        var match = TimeText().Match(text);
        if (!match.Success || text.Length == 0)
        {
            return null;
        }

        var total = TimeSpan.Zero;
        for (var part = 0; part < match.Groups["number"].Captures.Count; part++)
        {
            var number = long.Parse(match.Groups["number"].Captures[part].Value, CultureInfo.InvariantCulture);
            total += match.Groups["unit"].Captures[part].Value switch
            {
                "ms" => TimeSpan.FromMilliseconds(number),
                "m" => TimeSpan.FromMinutes(number),
                "h" => TimeSpan.FromHours(number),
                "d" => TimeSpan.FromDays(number),
                "w" => TimeSpan.FromDays(7 * number),
                "M" => TimeSpan.FromDays(30 * number),
                "y" => TimeSpan.FromDays(365 * number),
                _ => TimeSpan.FromSeconds(number),
            };
        }

        return total;
    }

    private static TimeSpan? Time(IReadOnlyList<NginxDirective> block, string name) =>
        block.LastOrDefault(directive => directive.Name == name && directive.Arguments.Count == 1) is { } directive ? ParseTime(directive.Value) : null;

    [GeneratedRegex(@"^(?:(?<number>\d{1,6})(?<unit>ms|[smhdwMy]|(?![a-zA-Z])) ?)+$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex TimeText();
}
