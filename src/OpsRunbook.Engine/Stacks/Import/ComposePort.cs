using System.Globalization;

namespace OpsRunbook.Engine.Stacks;

/// <summary>A published port of a compose service.</summary>
/// <param name="Published">Port on the host.</param>
/// <param name="Target">Port in the container.</param>
internal readonly record struct ComposePort(int Published, int Target)
{
    private const int MostPorts = 64;

    /// <summary>The published TCP ports of a service; those that get a random host port are left out.</summary>
    public static IEnumerable<ComposePort> Read(ConfigNode? ports, ComposeVariables variables, Action<ConfigNode, string> problem)
    {
        foreach (var node in ports?.Items ?? [])
        {
            var (published, target) = node.Text is not null ? Split(variables.Replace(node.Text))
                : (variables.Replace(node.FindText("published") ?? string.Empty), variables.Replace(node.FindText("target") ?? string.Empty) + "/" + (node.FindText("protocol") ?? "tcp"));
            var protocol = target.Contains('/', StringComparison.Ordinal) ? target[(target.IndexOf('/', StringComparison.Ordinal) + 1)..] : "tcp";
            target = target.Split('/')[0];
            if (protocol != "tcp" || published.Length == 0)
            {
                continue;
            }

            if (!TryReadRange(published, out var from, out var to) || !TryReadRange(target, out var first, out var last) || (to - from != last - first && first != last) || to - from >= MostPorts)
            {
                problem(node, $"'{node.Text ?? published}' is not a port such as 8080:80");
                continue;
            }

            for (var port = from; port <= to; port++)
            {
                yield return new ComposePort(port, first == last ? first : first + port - from);
            }
        }
    }

    // [address:][published:]target, where an IPv6 address stands in brackets.
    private static (string Published, string Target) Split(string text)
    {
        var bracket = text.LastIndexOf(']');
        var parts = text[(bracket + 1)..].TrimStart(':').Split(':');
        return parts.Length == 1 ? (string.Empty, parts[0]) : (parts[^2], parts[^1]);
    }

    private static bool TryReadRange(string text, out int first, out int last)
    {
        var dash = text.IndexOf('-', StringComparison.Ordinal);
        last = 0;
        return TryReadPort(dash < 0 ? text : text[..dash], out first) && TryReadPort(dash < 0 ? text : text[(dash + 1)..], out last) && last >= first;
    }

    private static bool TryReadPort(string text, out int port) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port is >= 1 and <= 65535;
}
