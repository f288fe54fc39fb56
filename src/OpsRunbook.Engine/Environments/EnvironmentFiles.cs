using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Environments;

/// <summary>Keeps, replaces and recognises environment files on a host.</summary>
internal static class EnvironmentFiles
{
    /// <summary>Replaces a file and keeps the old one.</summary>
    /// <returns>Path of the old one, and the identity of the new one.</returns>
    public static async Task<(string Backup, string? Identity)> ReplaceAsync(IHost host, string path, byte[] content, CancellationToken cancellationToken)
    {
        var backup = await KeptFiles.KeepAsync(host, path, cancellationToken);
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
