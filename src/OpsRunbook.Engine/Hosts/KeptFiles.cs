using System.Globalization;

namespace OpsRunbook.Engine.Hosts;

/// <summary>Keeps files as they were beside themselves.</summary>
internal static class KeptFiles
{
    // The copy has the owner and mode of the file, and until then is for nobody else: who could not read the old secrets
    // before shall not now. A file that is there already is left alone.
    private const string KeepScript = """
        umask 077
        set -C
        n=$2; i=1
        while ! true 2>/dev/null >"$n"; do
          [ -e "$n" ] || exit 1
          n=$2.$i; i=$((i+1))
        done
        cp -p -- "$1" "$n" || { rm -f -- "$n"; exit 1; }
        printf '%s' "$n"
        """;

    /// <summary>Keeps a file beside itself under a dated name.</summary>
    /// <param name="host">Its host.</param>
    /// <param name="path">The file.</param>
    /// <param name="cancellationToken">Ends the copying.</param>
    /// <returns>Path of the copy.</returns>
    /// <exception cref="OpsException"><c>Host.FileForbidden</c>, <c>Host.FileFailed</c>.</exception>
    public static async Task<string> KeepAsync(IHost host, string path, CancellationToken cancellationToken)
    {
        var name = path + DateTime.UtcNow.ToString("'.'yyyyMMdd'T'HHmmss'Z.bak'", CultureInfo.InvariantCulture);
        var result = await host.RunAsync(new HostCommand("sh", "-c", KeepScript, "sh", path, name), cancellationToken);
        return result.Succeeded && result.StandardOutput.Length > 0
            ? result.StandardOutput
            : throw (HostScripts.IsForbidden(result.StandardError)
                ? HostErrors.FileForbidden(host.Name, name)
                : HostErrors.FileFailed(host.Name, name, $"the old file cannot be kept. {result.Summary}".Trim()));
    }
}
