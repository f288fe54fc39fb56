using System.Globalization;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Environments;

/// <summary>Keeps, replaces and recognises environment files on a host.</summary>
internal static class EnvironmentFiles
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
    /// <returns>Path of the copy.</returns>
    /// <exception cref="OpsException"><c>Host.FileForbidden</c>, <c>Host.FileFailed</c>.</exception>
    private static async Task<string> KeepAsync(IHost host, string path, CancellationToken cancellationToken)
    {
        var name = path + DateTime.UtcNow.ToString("'.'yyyyMMdd'T'HHmmss'Z.bak'", CultureInfo.InvariantCulture);
        var result = await host.RunAsync(new HostCommand("sh", "-c", KeepScript, "sh", path, name), cancellationToken);
        return result.Succeeded && result.StandardOutput.Length > 0
            ? result.StandardOutput
            : throw (HostScripts.IsForbidden(result.StandardError)
                ? HostErrors.FileForbidden(host.Name, name)
                : HostErrors.FileFailed(host.Name, name, $"the old file cannot be kept. {result.Summary}".Trim()));
    }

    /// <summary>Replaces a file and keeps the old one.</summary>
    /// <returns>Path of the old one, and the identity of the new one.</returns>
    public static async Task<(string Backup, string? Identity)> ReplaceAsync(IHost host, string path, byte[] content, CancellationToken cancellationToken)
    {
        var backup = await KeepAsync(host, path, cancellationToken);
        try
        {
            await host.WriteFileAsync(path, content, cancellationToken);
        }
        catch (OpsException error) when (error.Kind is not (OpsErrorKind.Connection or OpsErrorKind.Timeout))
        {
            await RemoveAsync(host, backup, cancellationToken);
            throw;
        }

        return (backup, await IdentityAsync(host, path, cancellationToken));
    }

    /// <summary>Removes a kept file. That it is left over is no failure.</summary>
    public static Task RemoveAsync(IHost host, string path, CancellationToken cancellationToken) => host.RunAsync(new HostCommand("rm", "-f", "--", path), cancellationToken);

    /// <summary>Inode, size and time of a file: whoever writes it again changes them. Null when there is none.</summary>
    public static async Task<string?> IdentityAsync(IHost host, string path, CancellationToken cancellationToken)
    {
        var result = await host.RunAsync(new HostCommand("stat", "-L", "-c", IdentityFormat, "--", path), cancellationToken);
        return result.Succeeded ? result.StandardOutput.Trim() : null;
    }

    /// <summary>What <see cref="IdentityAsync"/> asks <c>stat</c> for.</summary>
    public const string IdentityFormat = "%i %s %y";
}
