using System.Globalization;
using System.Text.RegularExpressions;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Services;

/// <summary>Finds who holds the port that a service could not get.</summary>
internal static partial class PortConflict
{
    /// <summary>Looks at the ports that the service wants, and at those that its log complains of.</summary>
    /// <param name="host">Host of the service.</param>
    /// <param name="stack">The stack.</param>
    /// <param name="target">The service.</param>
    /// <param name="log">Last lines of its log.</param>
    /// <param name="cancellationToken">Ends the look.</param>
    /// <returns>A sentence that names the holder; null when no port is in the way.</returns>
    public static async Task<string?> FindAsync(IHost host, OpsStack stack, ServiceTarget target, IReadOnlyList<string> log, CancellationToken cancellationToken)
    {
        var complaints = log.Where(line => InUse().IsMatch(line)).ToList();
        var named = complaints.SelectMany(line => Port().Matches(line)).Select(match => int.Parse(match.ValueSpan, CultureInfo.InvariantCulture)).ToHashSet();
        if (complaints.Count == 0 && target.Ports.Count == 0)
        {
            return null;
        }

        IReadOnlyList<ListeningPort> ports;
        try
        {
            ports = await PortInspector.GetPortsAsync(host, stack, cancellationToken);
        }
        catch (OpsException)
        {
            // Evidence is gathered as far as it goes; the failure itself is told in any case.
            return null;
        }

        var holder = ports.FirstOrDefault(port => port.Protocol == "tcp" && named.Contains(port.Port))
            ?? ports.FirstOrDefault(port => port.Protocol == "tcp" && port.Conflict == true && port.WantedBy.Contains(target.Name, StringComparer.Ordinal))
            ?? (complaints.Count > 0 ? ports.FirstOrDefault(port => port.Protocol == "tcp" && target.Ports.Contains(port.Port)) : null);
        return holder is null ? null
            : holder.Process is null ? $"port {holder.Port} is held by a process that this user may not see; ask as root"
            : $"port {holder.Port} is held by {holder.Process} (pid {holder.Pid}, user {holder.User}{(holder.Service is { } service ? $", {service}" : string.Empty)})";
    }

    [GeneratedRegex("EADDRINUSE|address (?:is )?already in use|port is already allocated|Only one usage of each socket", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex InUse();

    [GeneratedRegex("(?<=[:\\s])[0-9]{2,5}(?![0-9.:])", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Port();
}
