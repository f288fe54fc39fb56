using System.Net;
using System.Text.RegularExpressions;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Services;

/// <summary>The network as a host sees it.</summary>
/// <param name="Id">The same for two hosts that are the same machine, or share its network.</param>
/// <param name="Addresses">Its own addresses; those of the loopback are not among them.</param>
internal sealed partial record HostNetwork(string Id, IReadOnlySet<IPAddress> Addresses)
{
    private const string Script = """
        cat /proc/sys/kernel/random/boot_id 2>/dev/null
        readlink /proc/self/ns/net
        cat /proc/net/fib_trie /proc/net/if_inet6 2>/dev/null
        exit 0
        """;

    /// <summary>Reads the network of a host.</summary>
    /// <param name="host">The host.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>Its network.</returns>
    public static async Task<HostNetwork> ReadAsync(IHost host, CancellationToken cancellationToken)
    {
        var text = (await host.RunAsync(new HostCommand("sh", "-c", Script), cancellationToken)).StandardOutput;
        var addresses = Local().Matches(text).Select(match => match.Groups[1].Value)
            .Concat(Version6().Matches(text).Select(match => string.Join(':', match.Groups[1].Value.Chunk(4).Select(part => new string(part)))))
            .Select(IPAddress.Parse)
            .Where(address => !IPAddress.IsLoopback(address));
        return new HostNetwork(string.Join(' ', text.Split('\n').Take(2)), addresses.ToHashSet());
    }

    [GeneratedRegex(@"\|-- (\d+\.\d+\.\d+\.\d+)\s+/32 host LOCAL", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Local();

    [GeneratedRegex("^([0-9a-f]{32}) [0-9a-f]", RegexOptions.CultureInvariant | RegexOptions.Multiline, 1000)]
    private static partial Regex Version6();
}
