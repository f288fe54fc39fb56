using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Services;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Engine.State;

namespace OpsRunbook.Engine.Environments;

/// <summary>
/// Has old environment files come back by themselves: by a timer of systemd or a process of its own on the service's host, and by a
/// record in the state folder for where neither can be, or was lost. Whichever comes first acts only while the file is still the one
/// that was written, so that nobody's later work is undone.
/// </summary>
internal static class EnvironmentReverts
{
    private const int MaximumRecord = 64 * 1024;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    // What runs on the host is given this much longer before its work is taken for lost.
    private static readonly TimeSpan Grace = TimeSpan.FromMinutes(2);

    // The file, its copy, what the file is known by, and the restart.
    private const string RevertScript = $"""
        f=$1; b=$2; i=$3; shift 3
        if [ -L "$f" ]; then f=$(readlink -f -- "$f"); fi
        [ "$(stat -L -c '{EnvironmentFiles.IdentityFormat}' -- "$f")" = "$i" ] || exit 0
        t=$(mktemp "$(dirname -- "$f")/.opsrunbook.XXXXXXXX") || exit 1
        cp -p -- "$b" "$t" && mv -f -- "$t" "$f" || exit 1
        exec "$@"
        """;

    // Where systemd does not take it, a process in a session of its own waits; a reboot ends it. The unit has a description, as the command would be it otherwise.
    private const string ScheduleScript = """
        n=$1; s=$2; shift 2
        if [ -d /run/systemd/system ] && systemd-run --quiet --no-ask-password --collect --unit="$n" --description="$n" --on-active="$s" --timer-property=AccuracySec=1s -- "$@" >/dev/null 2>&1; then
          echo timer; exit 0
        fi
        command -v setsid >/dev/null 2>&1 || exit 1
        setsid sh -c 's=$1; shift; sleep "$s"; exec "$@"' sh "$s" "$@" </dev/null >/dev/null 2>&1 &
        echo process
        """;

    private static string Folder => Path.Combine(StateFolder.Path, "reverts");

    /// <summary>Has a file come back after a time.</summary>
    /// <returns>When, and what does it.</returns>
    public static async Task<(DateTime At, string By)> ScheduleAsync(
        StackSession session, EnvironmentEdit edit, string backup, string identity, TimeSpan after, IOperationOutput output, CancellationToken cancellationToken)
    {
        var target = edit.Target;
        var host = session.Host(target.HostName);
        var at = DateTime.UtcNow + after;
        var name = "opsrunbook-revert-" + Convert.ToHexString(RandomNumberGenerator.GetBytes(6)).ToLowerInvariant();
        var by = await RestartAsync(host, target, cancellationToken) is { } restart
            ? await StartAsync(host, name, after, [edit.Source.Path, backup, identity, .. restart], output, cancellationToken)
            : null;
        var record = new PendingRevert(
            at, session.Stack.Name, target.Name, target.Host, target.Manager, edit.Key, edit.IsSecret, edit.Source.Path, backup, identity, by == "timer" ? name + ".timer" : null, by is not null);
        await KeepAsync(name, record, output, cancellationToken);
        return (at, by switch
        {
            "timer" => $"the timer {name}.timer on host '{target.Host}'",
            "process" => $"a process on host '{target.Host}'",
            _ => "the next change that is made from this state folder after that",
        });
    }

    /// <summary>Forgets what was planned for a file that has been put back.</summary>
    public static async Task ForgetAsync(IHost host, string file, string? identity, CancellationToken cancellationToken)
    {
        foreach (var (path, record) in Read().Where(pending => pending.Record.File == file && pending.Record.Identity == identity && pending.Record.Host == host.Name))
        {
            if (record.Timer is { } timer)
            {
                await SystemdControl.SystemctlAsync(host, ["stop", "--", timer], Limit, cancellationToken);
            }

            File.Delete(path);
        }
    }

    /// <summary>What is due of a stack. What was done by the host meanwhile is forgotten.</summary>
    public static async Task<IReadOnlyList<(string Path, PendingRevert Record)>> DueAsync(StackSession session, IOperationOutput output, CancellationToken cancellationToken)
    {
        var due = new List<(string, PendingRevert)>();
        foreach (var (path, record) in Read().Where(pending => pending.Record.Stack == session.Stack.Name && pending.Record.DueAt + (pending.Record.IsOnHost ? Grace : TimeSpan.Zero) <= DateTime.UtcNow))
        {
            try
            {
                if (await EnvironmentFiles.IdentityAsync(session.Host(record.Host), record.File, cancellationToken) == record.Identity)
                {
                    due.Add((path, record));
                }
                else
                {
                    File.Delete(path);
                }
            }
            catch (OpsException error) when (error.Id == "Stack.HostUnknown")
            {
                // The one who puts it back says so, and that the service is gone.
                due.Add((path, record));
            }
            catch (OpsException error)
            {
                output.Warning($"The temporary {record.Key} of '{record.Name}' is due to be put back, and its host cannot be asked: {error.Message}");
            }
        }

        return due;
    }

    private static async Task<string[]?> RestartAsync(IHost host, ServiceTarget target, CancellationToken cancellationToken)
    {
        switch (target.Manager)
        {
            case ServiceManagerKind.Systemd:
                return ["systemctl", "--no-ask-password", "restart", "--", target.Unit.Name];
            case ServiceManagerKind.Compose:
                var state = await ServiceReader.StateAsync(host, target, cancellationToken);
                var (command, _) = await ComposeTool.CommandAsync(host, target, state, ["up", "-d", "--no-deps", "--force-recreate", target.Unit.Name], cancellationToken);
                return ["env", .. command];
            default:
                // pm2 would need the old value, which no command line may hold; a plain process needs its start to be followed.
                return null;
        }
    }

    private static async Task<string?> StartAsync(IHost host, string name, TimeSpan after, string[] arguments, IOperationOutput output, CancellationToken cancellationToken)
    {
        var seconds = Math.Max(1, (long)Math.Ceiling(after.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        var result = await host.RunAsync(
            new HostCommand(["sh", "-c", ScheduleScript, "sh", name, seconds, "sh", "-c", Plain(arguments)]) { Timeout = Limit }, cancellationToken);
        if (result.Succeeded && result.StandardOutput.Trim() is "timer" or "process")
        {
            return result.StandardOutput.Trim();
        }

        output.Verbose($"Nothing on host '{host.Name}' can wait for the time: {result.Summary}");
        return null;
    }

    // systemd writes such a unit into a file, and reads it again at every daemon-reload: what it escapes there (dollars, semicolons, line ends) comes back as
    // something else, and the work would fail when it is due.
    private static string Plain(string[] arguments) =>
        $"echo {Convert.ToBase64String(Encoding.UTF8.GetBytes($"set -- {PosixShell.Quote(arguments)}\n{RevertScript}"))} | base64 -d | sh";

    private static async Task KeepAsync(string name, PendingRevert record, IOperationOutput output, CancellationToken cancellationToken)
    {
        try
        {
            StateFolder.Create(Folder);
            var path = Path.Combine(Folder, name + ".json");
            await File.WriteAllBytesAsync(path + ".part", JsonSerializer.SerializeToUtf8Bytes(record), cancellationToken);
            File.Move(path + ".part", path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            output.Warning(record.IsOnHost
                ? $"That {record.Key} of '{record.Name}' is to be put back is known to its host only: {error.Message}"
                : $"That {record.Key} of '{record.Name}' is to be put back could not be kept, so nothing will do it: {error.Message}");
        }
    }

    private static IEnumerable<(string Path, PendingRevert Record)> Read()
    {
        foreach (var path in Directory.Exists(Folder) ? Directory.GetFiles(Folder, "*.json") : [])
        {
            PendingRevert? record = null;
            try
            {
                record = new FileInfo(path).Length <= MaximumRecord ? JsonSerializer.Deserialize<PendingRevert>(File.ReadAllBytes(path)) : null;
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
            {
                // Another command has just removed it, or it is none of ours.
            }

            if (record is not null)
            {
                yield return (path, record);
            }
        }
    }
}
