using System.Globalization;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Services;

/// <summary>The end of a log file of any host.</summary>
internal static class LogTail
{
    private const string Script = """[ -r "$1" ] && tail -c "$2" -- "$1" | tail -n "$3" """;

    /// <summary>Reads the last lines.</summary>
    /// <param name="host">Host of the file.</param>
    /// <param name="path">Absolute path.</param>
    /// <param name="lines">So many lines.</param>
    /// <param name="bytes">No more than so many bytes, should a line be endless.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The lines, the newest last; empty when there is no such file or it may not be read.</returns>
    public static async Task<IReadOnlyList<string>> ReadAsync(IHost host, string path, int lines, int bytes, CancellationToken cancellationToken)
    {
        var result = await host.RunAsync(
            new HostCommand("sh", "-c", Script, "sh", path, bytes.ToString(CultureInfo.InvariantCulture), lines.ToString(CultureInfo.InvariantCulture)),
            cancellationToken);
        return result.Succeeded ? result.StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.TrimEnd('\r')).ToList() : [];
    }
}
