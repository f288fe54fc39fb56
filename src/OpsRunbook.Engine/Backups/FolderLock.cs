using System.Threading.Channels;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Backups;

/// <summary>
/// Keeps others from working on the sets of a backup. The lock is held by a process on the folder's host that ends with
/// the connection to it: whoever is killed holds nothing any more.
/// </summary>
internal sealed class FolderLock : IAsyncDisposable
{
    private const int Held = 75;
    private const int NoProgram = 69;

    // A reader that looks whether the lock is held has it for a moment.
    private const string Script = """
        command -v flock >/dev/null 2>&1 || exit 69
        umask 077
        exec 9<>"$1" || exit 1
        i=0
        until flock -n 9; do
          i=$((i+1))
          if [ $i -ge 3 ]; then cat "$1" >&2; exit 75; fi
          sleep 1
        done
        printf '%s\n' "$2" >"$1"
        echo held
        cat >/dev/null
        """;

    private readonly CommandStream _holder;
    private readonly Channel<ReadOnlyMemory<byte>> _input;

    private FolderLock(CommandStream holder, Channel<ReadOnlyMemory<byte>> input)
    {
        _holder = holder;
        _input = input;
    }

    /// <summary>Takes the lock.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="backup">Name of the backup in the stack, or its address.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The lock; disposing it gives it back.</returns>
    /// <exception cref="OpsException"><c>Backup.Locked</c>, or the folder may not be written.</exception>
    public static async Task<FolderLock> TakeAsync(BackupFolder folder, string backup, CancellationToken cancellationToken)
    {
        var path = folder.PathOf(BackupName.Lock(backup));
        var input = Channel.CreateUnbounded<ReadOnlyMemory<byte>>();
        var command = new HostCommand("sh", "-c", Script, "sh", path, $"{BackupOrigin.Who}, process {Environment.ProcessId}")
        {
            FurtherInput = input.Reader.ReadAllAsync(CancellationToken.None),
        };
        var holder = await folder.Host.StartAsync(command, cancellationToken);
        if (await holder.Output.ReadAsync(new byte[16], cancellationToken) > 0)
        {
            return new FolderLock(holder, input);
        }

        var result = await holder.EndAsync(cancellationToken);
        await holder.DisposeAsync();
        throw result.ExitCode switch
        {
            Held => new OpsException(
                "Backup.Locked",
                OpsErrorKind.Refused,
                $"Another command works on the sets of '{backup}' in {folder.Directory} on {folder.Host.Name}: {(result.Summary.Length > 0 ? result.Summary : "it left no name")}.",
                "Wait until it has ended.",
                backup),
            NoProgram => ProcessRunner.NotFound(folder.Host.Name, "flock"),
            _ when HostScripts.IsForbidden(result.StandardError) => HostErrors.FileForbidden(folder.Host.Name, path),
            _ => HostErrors.FileFailed(folder.Host.Name, path, result.Summary.Length > 0 ? result.Summary : "it cannot be locked."),
        };
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _input.Writer.TryComplete();
        await _holder.DisposeAsync();
    }
}
