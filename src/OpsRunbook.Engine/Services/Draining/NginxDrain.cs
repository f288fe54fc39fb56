using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Services;

/// <summary>Takes servers out of the upstreams of one nginx, and puts them back.</summary>
/// <param name="host">Host of the nginx, or its container.</param>
/// <param name="target">The web server, as a process of that host.</param>
/// <param name="owner">Name of the marks, from <see cref="UpstreamMark.OwnerOf"/>.</param>
/// <param name="reload">Has its manager reload it; null for <c>nginx -s reload</c>.</param>
internal sealed class NginxDrain(IHost host, ServiceTarget target, string owner, Func<CancellationToken, Task>? reload)
{
    private const string DefaultConfig = "/etc/nginx/nginx.conf";
    private const int Attempts = 20;

    // Children of the master with their titles; one that only finishes its requests says so in its title.
    private const string WorkersScript = """
        p=$(cat -- "$1" 2>/dev/null)
        case $p in '' | *[!0-9]*) exit 1 ;; esac
        [ -r "/proc/$p/stat" ] || exit 1
        for f in $(grep -l "^PPid:[[:space:]]*$p\$" /proc/[0-9]*/status 2>/dev/null); do
          d=${f%/status}
          printf '%s %s\n' "${d#/proc/}" "$(tr '\0' ' ' <"$d/cmdline" 2>/dev/null)"
        done
        exit 0
        """;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan ReloadLimit = TimeSpan.FromSeconds(30);

    // What is begun with a file is finished: longer than this no test of a configuration takes.
    private static readonly TimeSpan FinishLimit = TimeSpan.FromSeconds(60);

    // Within this process one edit waits for the other. Others are noticed when the file is replaced.
    private static readonly ConcurrentDictionary<string, SemaphoreSlim> Gates = new(StringComparer.Ordinal);

    private string Config => target.WebServer?.Config ?? DefaultConfig;

    /// <summary>Marks servers down and reloads.</summary>
    /// <param name="choose">Picks the servers; may refuse by an exception.</param>
    /// <param name="cancellationToken">Ends the work before the file is written.</param>
    /// <returns>The servers that are down for this owner now.</returns>
    /// <exception cref="OpsException"><c>Drain.…</c>: nginx goes on as before, and the files are as they were.</exception>
    public async Task<IReadOnlyList<UpstreamServer>> MarkAsync(Func<NginxUpstreams, Task<IReadOnlyList<UpstreamServer>>> choose, CancellationToken cancellationToken)
    {
        using var gate = await EnterAsync(cancellationToken);
        await RequireValidAsync(": nothing was changed", cancellationToken);
        IReadOnlyList<UpstreamServer> chosen = [];
        var edit = await EditAsync(
            async upstreams =>
            {
                chosen = await choose(upstreams);
                return chosen.Where(server => !server.IsDown).GroupBy(server => server.File, StringComparer.Ordinal).ToDictionary(
                    group => group.Key,
                    group => UpstreamMark.Add(Encoding.Latin1.GetString(upstreams.Files[group.Key]), group.Select(server => server.End), owner),
                    StringComparer.Ordinal);
            },
            cancellationToken);

        // Marks of a killed run are there already, but perhaps nginx was never told.
        if (chosen.Count > 0)
        {
            await ApplyAsync(edit);
            await AwaitWorkersAsync(edit, cancellationToken);
        }

        return chosen;
    }

    /// <summary>Takes the owner's marks back and reloads. Without marks nothing is done.</summary>
    /// <param name="always">Reload without marks too: another nginx has the same files, and its marks were taken back.</param>
    /// <param name="cancellationToken">Ends the work before the file is written.</param>
    /// <returns>Whether there were marks.</returns>
    /// <exception cref="OpsException"><c>Drain.…</c>: nginx goes on as before, and the marks are still there.</exception>
    public async Task<bool> UnmarkAsync(bool always, CancellationToken cancellationToken)
    {
        using var gate = await EnterAsync(cancellationToken);
        UpstreamServer? edited = null;
        var edit = await EditAsync(
            upstreams =>
            {
                edited = upstreams.Servers.FirstOrDefault(server => server.IsDown && server.Owner is null && UpstreamMark.IsMentioned(server.Comment, owner));
                return Task.FromResult<IReadOnlyDictionary<string, string>>(upstreams.Files
                    .Select(file => (Path: file.Key, Before: Encoding.Latin1.GetString(file.Value)))
                    .Select(file => (file.Path, file.Before, After: UpstreamMark.Remove(file.Before, owner)))
                    .Where(file => file.After != file.Before)
                    .ToDictionary(file => file.Path, file => file.After, StringComparer.Ordinal));
            },
            cancellationToken);
        var hadMarks = edit.Files.Count > 0;
        if (hadMarks || always)
        {
            await ApplyAsync(edit);
            await AwaitWorkersAsync(edit, cancellationToken);
        }

        return edited is null
            ? hadMarks
            : throw new OpsException(
                "Drain.MarkEdited",
                OpsErrorKind.InvalidData,
                $"Server {edited.Name} of upstream {edited.Upstream} ({edited.File}:{edited.Line} on {host.Name}) is still down: somebody has edited the line with our mark.",
                "Take 'down' out of it by hand, and reload nginx.",
                edited.File);
    }

    private async Task<IDisposable> EnterAsync(CancellationToken cancellationToken)
    {
        var gate = Gates.GetOrAdd($"{host.Name}\0{Config}", _ => new SemaphoreSlim(1));
        await gate.WaitAsync(cancellationToken);
        return new Leave(gate);
    }

    /// <summary>Reads, changes and writes; again from the start when somebody else has written meanwhile.</summary>
    private async Task<Edit> EditAsync(Func<NginxUpstreams, Task<IReadOnlyDictionary<string, string>>> change, CancellationToken cancellationToken)
    {
        var done = new Dictionary<string, (byte[] Before, byte[] After)>(StringComparer.Ordinal);
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var upstreams = await NginxUpstreams.ReadAsync(host, Config, cancellationToken);
            var changes = await change(upstreams);
            var complete = true;
            foreach (var (path, text) in changes)
            {
                var content = Encoding.Latin1.GetBytes(text);
                try
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    if (await ReplaceAsync(path, upstreams.Files[path], content))
                    {
                        done[path] = (upstreams.Files[path], content);
                    }
                    else
                    {
                        complete = false;
                    }
                }
                catch (Exception error) when (error is OpsException or OperationCanceledException)
                {
                    await RestoreAsync(new Edit(upstreams.PidFile, done));
                    throw;
                }
            }

            if (complete)
            {
                return new Edit(upstreams.PidFile, done);
            }
        }

        throw new OpsException(
            "Drain.ConfigBusy",
            OpsErrorKind.OperationFailed,
            $"The nginx configuration {Config} on {host.Name} is changed by somebody else all the time.",
            "See what writes it, and try again.",
            target.Name);
    }

    private async Task<bool> ReplaceAsync(string path, byte[] known, byte[] content)
    {
        var result = await host.RunAsync(HostScripts.ReplaceFile(path, known, content), CancellationToken.None);
        if (result.ExitCode == HostScripts.Changed)
        {
            return false;
        }

        HostScripts.RequireWritten(host.Name, path, result);
        return true;
    }

    // From here on neither the files nor nginx may be left between two states, so no cancellation is taken.
    private async Task ApplyAsync(Edit edit)
    {
        using var limit = new CancellationTokenSource(FinishLimit);
        try
        {
            await RequireValidAsync(" with the change, which was taken back", limit.Token);
            edit.Workers = await WorkersAsync(edit, limit.Token);
            await ReloadAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            await RestoreAsync(edit);
            throw ReloadFailed($"it took longer than {Duration.Format(FinishLimit)}");
        }
        catch (OpsException error)
        {
            await RestoreAsync(edit);
            throw error.Id.StartsWith("Drain.", StringComparison.Ordinal) ? error : ReloadFailed(error.Message.TrimEnd('.'), error);
        }
    }

    private async Task RestoreAsync(Edit edit)
    {
        foreach (var (path, (before, after)) in edit.Files)
        {
            try
            {
                if (await ReplaceAsync(path, after, before) || await TryRemoveAsync(path, before))
                {
                    continue;
                }
            }
            catch (OpsException error)
            {
                throw NotRestored(path, error.Message, error);
            }

            throw NotRestored(path, "somebody else has changed the file meanwhile.", null);
        }
    }

    private OpsException NotRestored(string path, string cause, OpsException? inner) => new(
        "Drain.NotRestored",
        inner?.Kind ?? OpsErrorKind.OperationFailed,
        $"The change of {path} on {host.Name} could not be taken back: {cause}",
        $"Look at the lines with '# opsrunbook: drained \"{Shown(owner)}\"' and test the file with 'nginx -t'.",
        path,
        inner);

    // Somebody else has written since, so that only our own marks may be taken out of the file.
    private async Task<bool> TryRemoveAsync(string path, byte[] before)
    {
        var old = Encoding.Latin1.GetString(before);
        for (var attempt = 0; attempt < Attempts && UpstreamMark.Remove(old, owner) == old; attempt++)
        {
            if (await host.ReadFileAsync(path, NginxUpstreams.MaximumBytes, CancellationToken.None) is not { } content)
            {
                return false;
            }

            var without = Encoding.Latin1.GetBytes(UpstreamMark.Remove(Encoding.Latin1.GetString(content), owner));
            if (await ReplaceAsync(path, content, without))
            {
                return true;
            }
        }

        return false;
    }

    private async Task RequireValidAsync(string consequence, CancellationToken cancellationToken)
    {
        try
        {
            await NginxTest.RequireValidAsync(host, target, new UnitState(HealthStatus.Unknown, string.Empty), cancellationToken);
        }
        catch (OpsException error) when (error.Id == "WebServer.ConfigInvalid")
        {
            throw new OpsException("Drain.WebServerInvalid", OpsErrorKind.InvalidData, error.Message.TrimEnd('.') + consequence + ".", error.NextStep, target.Name, error);
        }
    }

    private async Task ReloadAsync(CancellationToken cancellationToken)
    {
        if (reload is not null)
        {
            await reload(cancellationToken);
            return;
        }

        string[] arguments = target.WebServer?.Config is { } config ? ["-c", config, "-s", "reload"] : ["-s", "reload"];
        var result = await host.RunAsync(NginxTest.Command(arguments), cancellationToken);
        if (!result.Succeeded)
        {
            throw ReloadFailed(result.Summary);
        }
    }

    // A reload is only asked for: the master reads the configuration in its own time, and may refuse it without a word to us.
    // It is in force when the workers that served before are told to finish.
    private async Task AwaitWorkersAsync(Edit edit, CancellationToken cancellationToken)
    {
        for (var clock = Stopwatch.StartNew(); ; await Task.Delay(Interval, cancellationToken))
        {
            var serving = await WorkersAsync(edit, cancellationToken);
            if (serving.Count > 0 && !serving.Overlaps(edit.Workers))
            {
                return;
            }

            if (clock.Elapsed > ReloadLimit)
            {
                await RestoreAsync(edit);
                throw ReloadFailed($"the workers of before still serve after {Duration.Format(ReloadLimit)}; its error log tells why");
            }
        }
    }

    private async Task<HashSet<int>> WorkersAsync(Edit edit, CancellationToken cancellationToken)
    {
        edit.PidFile ??= await DefaultPidFileAsync(cancellationToken);
        var result = await host.RunAsync(new HostCommand("sh", "-c", WorkersScript, "sh", edit.PidFile ?? string.Empty), cancellationToken);
        return result.Succeeded
            ? result.StandardOutput.Split('\n')
                .Select(line => line.Split(' ', 2, StringSplitOptions.TrimEntries))
                .Where(line => line is [_, "nginx: worker process"])
                .Select(line => int.Parse(line[0], CultureInfo.InvariantCulture))
                .ToHashSet()
            : throw new OpsException(
                "Drain.WebServerDown",
                OpsErrorKind.OperationFailed,
                $"nginx '{target.Name}' on {host.Name} does not run: its pid file {edit.PidFile} names no process.",
                "Start it, or check 'config' of the web server in the stack file.",
                target.Name);
    }

    private async Task<string?> DefaultPidFileAsync(CancellationToken cancellationToken)
    {
        const string option = "--pid-path=";
        var version = await host.RunAsync(NginxTest.Command("-V"), cancellationToken);
        return version.StandardError.Split(' ', '\n').FirstOrDefault(word => word.StartsWith(option, StringComparison.Ordinal))?[option.Length..];
    }

    private OpsException ReloadFailed(string cause, OpsException? inner = null) => new(
        "Drain.ReloadFailed",
        OpsErrorKind.OperationFailed,
        $"nginx '{target.Name}' on {host.Name} did not reload its configuration: {cause}.",
        "The change of the file was taken back.",
        target.Name,
        inner);

    private static string Shown(string text) => Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(text));

    /// <summary>What was changed, for the case that it must be taken back.</summary>
    private sealed class Edit(string? pidFile, IReadOnlyDictionary<string, (byte[] Before, byte[] After)> files)
    {
        public string? PidFile { get; set; } = pidFile;

        public IReadOnlyDictionary<string, (byte[] Before, byte[] After)> Files { get; } = files;

        /// <summary>The workers that served before the reload.</summary>
        public HashSet<int> Workers { get; set; } = [];
    }

    private sealed class Leave(SemaphoreSlim gate) : IDisposable
    {
        public void Dispose() => gate.Release();
    }
}
