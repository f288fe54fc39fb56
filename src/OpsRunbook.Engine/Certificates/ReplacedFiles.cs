using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Certificates;

/// <summary>Files that are replaced together: all of them, or none.</summary>
/// <param name="host">Their host.</param>
internal sealed class ReplacedFiles(IHost host)
{
    // A key is never readable for others, not even for the moment in which it is empty.
    private const string CreateScript = """umask 077; set -C; : >"$1" """;

    private static readonly TimeSpan LastResort = TimeSpan.FromSeconds(20);
    private readonly List<(string Path, byte[]? Before, byte[] After, string? Kept)> _files = [];

    /// <summary>Path of the copy of a file as it was; null when there was none.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The path.</returns>
    public string? KeptAs(string path) => _files.Find(file => file.Path == path).Kept;

    /// <summary>Writes a file and keeps what was there. Owner and mode stay; a new file is for its owner alone.</summary>
    /// <param name="path">The file.</param>
    /// <param name="content">Its new content.</param>
    /// <param name="keep">Keep the old one beside it.</param>
    /// <param name="cancellationToken">Ends the writing.</param>
    /// <returns>A task.</returns>
    /// <exception cref="OpsException"><c>Host.…</c></exception>
    public async Task WriteAsync(string path, byte[] content, bool keep, CancellationToken cancellationToken)
    {
        var before = await host.ReadFileAsync(path, CertificateFile.MaximumBytes, cancellationToken);
        if (before is null)
        {
            HostScripts.RequireWritten(host.Name, path, await host.RunAsync(new HostCommand("sh", "-c", CreateScript, "sh", path), cancellationToken));
            _files.Add((path, null, content, null));
            await host.WriteFileAsync(path, content, cancellationToken);
            return;
        }

        var kept = keep ? await KeptFiles.KeepAsync(host, path, cancellationToken) : null;
        _files.Add((path, before, content, kept));
        HostScripts.RequireWritten(host.Name, path, await host.RunAsync(HostScripts.ReplaceFile(path, before, content), cancellationToken));
    }

    /// <summary>Puts everything back as it was, to the end even when nobody waits for it any more.</summary>
    /// <returns>Null when it is so; otherwise what is left, as a clause.</returns>
    public async Task<string?> RestoreAsync()
    {
        using var limit = new CancellationTokenSource(LastResort);
        var left = new List<string>();
        foreach (var (path, before, after, kept) in Enumerable.Reverse(_files))
        {
            try
            {
                var present = await host.ReadFileAsync(path, CertificateFile.MaximumBytes, limit.Token);
                if (before is null)
                {
                    await RemoveAsync(path, limit.Token);
                }
                else if (present is null || !present.AsSpan().SequenceEqual(before))
                {
                    // What somebody else has written meanwhile is left alone.
                    HostScripts.RequireWritten(host.Name, path, await host.RunAsync(HostScripts.ReplaceFile(path, after, before), limit.Token));
                }

                if (kept is not null)
                {
                    await RemoveAsync(kept, limit.Token);
                }
            }
            catch (Exception error) when (error is OpsException or OperationCanceledException)
            {
                left.Add($"{path} could not be put back ({error.Message.TrimEnd('.')}){(kept is null ? string.Empty : $"; as it was it is {kept}")}");
            }
        }

        return left.Count == 0 ? null : string.Join("; ", left);
    }

    /// <summary>Removes a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>A task.</returns>
    public Task RemoveAsync(string path, CancellationToken cancellationToken) => host.RunAsync(new HostCommand("rm", "-f", "--", path), cancellationToken);
}
