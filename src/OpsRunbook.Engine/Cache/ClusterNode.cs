using System.Globalization;

namespace OpsRunbook.Engine.Cache;

/// <summary>A node of a cluster, as a line of <c>CLUSTER NODES</c> describes it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Address">Its address; null when it does not know its own.</param>
/// <param name="Port">Its port.</param>
/// <param name="Master">Id of the master of a replica; null for a master.</param>
/// <param name="HasFailed">The others cannot reach it.</param>
/// <param name="Slots">Number of slots that it serves.</param>
internal sealed record ClusterNode(string Id, string? Address, int Port, string? Master, bool HasFailed, int Slots)
{
    public bool IsReplica => Master is not null;

    /// <summary>Reads the nodes.</summary>
    /// <param name="text">Reply to <c>CLUSTER NODES</c>.</param>
    /// <returns>The nodes.</returns>
    public static IReadOnlyList<ClusterNode> Parse(string text)
    {
        var nodes = new List<ClusterNode>();
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            // id ip:port@bus,hostname flags master ping pong epoch link slot slot-slot [slot->-importing]
            var fields = line.TrimEnd('\r').Split(' ');
            if (fields.Length < 8)
            {
                continue;
            }

            var address = fields[1].Split('@')[0];
            var colon = address.LastIndexOf(':');
            if (colon < 0 || !int.TryParse(address.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port == 0)
            {
                continue;
            }

            var flags = fields[2].Split(',');
            nodes.Add(new ClusterNode(
                fields[0],
                colon > 0 ? address[..colon] : null,
                port,
                flags.Contains("slave", StringComparer.Ordinal) ? fields[3] : null,
                flags.Contains("fail", StringComparer.Ordinal),
                fields.Skip(8).Where(slot => !slot.StartsWith('[')).Sum(CountSlots)));
        }

        return nodes;
    }

    private static int CountSlots(string range)
    {
        var ends = range.Split('-');
        return int.TryParse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out var first)
            && int.TryParse(ends[^1], NumberStyles.None, CultureInfo.InvariantCulture, out var last) ? last - first + 1 : 0;
    }
}
