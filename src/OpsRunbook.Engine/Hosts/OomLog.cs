using System.Text.RegularExpressions;

namespace OpsRunbook.Engine.Hosts;

/// <summary>What the kernel's log says about processes that were ended for want of memory.</summary>
/// <param name="Count">How many in the last 24 hours.</param>
/// <param name="Victims">Their names, each once.</param>
internal sealed partial record OomLog(int Count, IReadOnlyList<string> Victims)
{
    /// <summary>Reads the last 24 hours: the journal, else the kernel's ring buffer with its times.</summary>
    /// <param name="host">Host to read.</param>
    /// <param name="uptime">How long the machine has been up.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>Null when this user may read neither.</returns>
    public static async Task<OomLog?> ReadAsync(IHost host, TimeSpan uptime, CancellationToken cancellationToken)
    {
        var journal = await TryAsync(host, new HostCommand("journalctl", "-k", "-q", "--no-pager", "-o", "cat", "--since=-24h", "-g", "Killed process"), cancellationToken);

        // journalctl ends with 1 when nothing matched, and says so when it may not see the system's journal.
        if (journal is { ExitCode: 0 or 1 } && journal.StandardError.Length == 0)
        {
            return Parse(journal.StandardOutput, since: 0);
        }

        var ring = await TryAsync(host, new HostCommand("dmesg"), cancellationToken);
        return ring is { Succeeded: true } ? Parse(ring.StandardOutput, Math.Max(0, (uptime - TimeSpan.FromDays(1)).TotalSeconds)) : null;
    }

    /// <summary>Counts the kernel's lines.</summary>
    /// <param name="text">Lines, with or without the seconds since the start.</param>
    /// <param name="since">Lines from before this second are left out.</param>
    /// <returns>The count.</returns>
    public static OomLog Parse(string text, double since)
    {
        var victims = Line().Matches(text)
            .Where(match => !match.Groups["time"].Success
                || !double.TryParse(match.Groups["time"].Value, System.Globalization.CultureInfo.InvariantCulture, out var time)
                || time >= since)
            .Select(match => match.Groups["name"].Value)
            .ToList();
        return new OomLog(victims.Count, victims.Distinct(StringComparer.Ordinal).ToList());
    }

    private static async Task<CommandResult?> TryAsync(IHost host, HostCommand command, CancellationToken cancellationToken)
    {
        try
        {
            return await host.RunAsync(command with { Timeout = TimeSpan.FromSeconds(3) }, cancellationToken);
        }
        catch (OpsException)
        {
            return null;
        }
    }

    [GeneratedRegex(@"^(?:\[\s*(?<time>[0-9]+\.[0-9]+)\]\s*)?.*?Killed process [0-9]+ \((?<name>.*?)\)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 2000)]
    private static partial Regex Line();
}
