using System.Globalization;
using System.Text;
using OpsRunbook.Engine.WebServer;

namespace OpsRunbook.Engine.Services;

/// <summary>The servers of the upstreams in an nginx configuration.</summary>
internal sealed class NginxUpstreams
{
    private const int HttpPort = 80;

    private NginxUpstreams(IReadOnlyList<UpstreamServer> servers) => Servers = servers;

    /// <summary>Every server, in the order in which nginx reads them.</summary>
    public IReadOnlyList<UpstreamServer> Servers { get; }

    /// <summary>Finds them, in the blocks of <c>http</c> and <c>stream</c> alike.</summary>
    /// <param name="configuration">The configuration.</param>
    /// <returns>Its upstreams.</returns>
    public static NginxUpstreams Of(NginxConfiguration configuration)
    {
        var servers = new List<UpstreamServer>();
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);

        // A file may be included in several blocks, and then its servers belong to each of them. A file of a configuration may be looked at alone.
        foreach (var block in Upstreams(configuration))
        {
            foreach (var directive in configuration.Expand(block.Block!).Where(directive => directive is { Name: "server", Block: null, Arguments.Count: > 0 }))
            {
                if (!texts.TryGetValue(directive.File, out var text))
                {
                    texts.Add(directive.File, text = Encoding.Latin1.GetString(configuration.Files[directive.File]));
                }

                servers.Add(Read(directive, block.Value, text));
            }
        }

        return new NginxUpstreams(servers);
    }

    private static IEnumerable<NginxDirective> Upstreams(NginxConfiguration configuration) => configuration.Root
        .SelectMany(directive => directive switch
        {
            { Name: "upstream", Block: not null } => [directive],
            { Name: "http" or "stream", Block: { } inner } => configuration.Expand(inner).Where(block => block is { Name: "upstream", Block: not null }),
            _ => [],
        })
        .Where(block => block.Arguments.Count == 1);

    private static UpstreamServer Read(NginxDirective directive, string upstream, string text)
    {
        var (host, port) = Split(directive.Value);
        var isDown = directive.Words.Skip(2).Any(word => word.Text == "down");
        var end = directive.Terminator;
        var owner = isDown && UpstreamMark.IsMarkedDown(text, directive.Words[^1], end) ? UpstreamMark.OwnerAt(text, end.End) : null;
        return new UpstreamServer(
            directive.File,
            directive.Line,
            upstream,
            host,
            port,
            isDown,
            owner is null ? null : NginxDirective.Decode(owner),
            end.Start,
            UpstreamMark.RestOfLine(text, end.End).ToString());
    }

    private static (string Host, int Port) Split(string text)
    {
        if (text.StartsWith("unix:", StringComparison.Ordinal))
        {
            return (text, 0);
        }

        var colon = text.LastIndexOf(':');
        return colon <= text.LastIndexOf(']') ? (text.TrimStart('[').TrimEnd(']'), HttpPort)
            : int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) ? (text[..colon].TrimStart('[').TrimEnd(']'), port)
            : (text, 0);
    }
}
