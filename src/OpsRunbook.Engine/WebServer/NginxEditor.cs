using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Services;

namespace OpsRunbook.Engine.WebServer;

/// <summary>
/// Edits the configuration of one nginx so that neither its files nor nginx itself are left between two states: what nginx does not accept
/// or take over is put back, and nobody else's edit is lost.
/// </summary>
/// <param name="host">Host of the nginx, or its container.</param>
/// <param name="target">The web server, as a process of that host.</param>
/// <param name="marks">The marks that the edits leave.</param>
/// <param name="reload">Has its manager reload it; null for <c>nginx -s reload</c>.</param>
internal sealed class NginxEditor(IHost host, ServiceTarget target, NginxMarks marks, Func<CancellationToken, Task>? reload)
{
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

    private string Config => target.WebServer?.Config ?? NginxConfiguration.DefaultFile;

    /// <summary>Keeps other edits of this process away.</summary>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>Lets others in when disposed.</returns>
    public async Task<IDisposable> EnterAsync(CancellationToken cancellationToken)
    {
        var gate = Gates.GetOrAdd($"{host.Name}\0{Config}", _ => new SemaphoreSlim(1));
        await gate.WaitAsync(cancellationToken);
        return new Leave(gate);
    }

    /// <summary>Reads, changes and writes; again from the start when somebody else has written meanwhile. nginx is not told yet.</summary>
    /// <param name="change">Gives the new text of each file that changes, one character for each byte; may refuse by an exception.</param>
    /// <param name="cancellationToken">Ends the work before a file is written.</param>
    /// <returns>What was changed.</returns>
    /// <exception cref="OpsException"><c>AREA.ConfigBusy</c>, or what the change throws: the files are as they were.</exception>
    public async Task<NginxEdit> EditAsync(Func<NginxConfiguration, Task<IReadOnlyDictionary<string, string>>> change, CancellationToken cancellationToken)
    {
        var done = new Dictionary<string, (byte[] Before, byte[] After)>(StringComparer.Ordinal);
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var configuration = await ReadAsync(cancellationToken);
            var changes = await change(configuration);
            var complete = true;
            foreach (var (path, text) in changes)
            {
                var content = Encoding.Latin1.GetBytes(text);
                try
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    if (await ReplaceAsync(path, configuration.Files[path], content))
                    {
                        done[path] = (done.TryGetValue(path, out var earlier) ? earlier.Before : configuration.Files[path], content);
                    }
                    else
                    {
                        complete = false;
                    }
                }
                catch (Exception error) when (error is OpsException or OperationCanceledException)
                {
                    await RestoreAsync(new NginxEdit(configuration.PidFile, done));
                    throw;
                }
            }

            if (complete)
            {
                return new NginxEdit(configuration.PidFile, done);
            }
        }

        throw new OpsException(
            $"{marks.Area}.ConfigBusy",
            OpsErrorKind.OperationFailed,
            $"The nginx configuration {Config} on {host.Name} is changed by somebody else all the time.",
            "See what writes it, and try again.",
            target.Name);
    }

    /// <summary>Reads the configuration.</summary>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The whole of it.</returns>
    /// <exception cref="OpsException"><c>WebServer.ConfigMissing</c>, or a file may not be read.</exception>
    public async Task<NginxConfiguration> ReadAsync(CancellationToken cancellationToken)
    {
        var file = target.WebServer?.Config ?? (await NginxBuild.ReadAsync(host, cancellationToken)).ConfigFile ?? NginxConfiguration.DefaultFile;
        var configuration = await NginxConfiguration.ReadAsync(host, file, cancellationToken);
        return configuration.Problems is [var problem, ..] ? throw problem : configuration;
    }

    /// <summary>Brings an edit into force: nginx accepts it, reloads, and only workers that know it serve. Otherwise it is taken back.</summary>
    /// <param name="edit">What was changed.</param>
    /// <param name="cancellationToken">Ends only the waiting for the workers of before.</param>
    /// <returns>A task that ends when it is in force.</returns>
    /// <exception cref="OpsException"><c>AREA.…</c>: the files are as they were.</exception>
    public async Task EnforceAsync(NginxEdit edit, CancellationToken cancellationToken)
    {
        await ApplyAsync(edit);
        await AwaitWorkersAsync(edit, cancellationToken);
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
    private async Task ApplyAsync(NginxEdit edit)
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
            throw error.Id.StartsWith($"{marks.Area}.", StringComparison.Ordinal) ? error : ReloadFailed(error.Message.TrimEnd('.'), error);
        }
    }

    private async Task RestoreAsync(NginxEdit edit)
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
        $"{marks.Area}.NotRestored",
        inner?.Kind ?? OpsErrorKind.OperationFailed,
        $"The change of {path} on {host.Name} could not be taken back: {cause}",
        "Look at the lines with '# opsrunbook' and test the file with 'nginx -t'.",
        path,
        inner);

    // Somebody else has written since, so that only our own marks may be taken out of the file.
    private async Task<bool> TryRemoveAsync(string path, byte[] before)
    {
        var old = Encoding.Latin1.GetString(before);
        for (var attempt = 0; attempt < Attempts && marks.Remove(old) == old; attempt++)
        {
            if (await host.ReadFileAsync(path, NginxConfiguration.MaximumBytes, CancellationToken.None) is not { } content)
            {
                return false;
            }

            var without = Encoding.Latin1.GetBytes(marks.Remove(Encoding.Latin1.GetString(content)));
            if (await ReplaceAsync(path, content, without))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Throws when nginx does not accept its configuration as it is.</summary>
    /// <param name="consequence">What that means, after a colon or comma.</param>
    /// <param name="cancellationToken">Ends the test.</param>
    /// <returns>A task that ends when it was accepted.</returns>
    /// <exception cref="OpsException"><c>AREA.WebServerInvalid</c>.</exception>
    public async Task RequireValidAsync(string consequence, CancellationToken cancellationToken)
    {
        try
        {
            await NginxTest.RequireValidAsync(host, target, new UnitState(HealthStatus.Unknown, string.Empty), cancellationToken);
        }
        catch (OpsException error) when (error.Id == "WebServer.ConfigInvalid")
        {
            throw new OpsException($"{marks.Area}.WebServerInvalid", OpsErrorKind.InvalidData, error.Message.TrimEnd('.') + consequence + ".", error.NextStep, target.Name, error);
        }
    }

    private async Task ReloadAsync(CancellationToken cancellationToken)
    {
        if (reload is not null)
        {
            await reload(cancellationToken);
            return;
        }

        var result = await host.RunAsync(NginxTest.ReloadCommand(target), cancellationToken);
        if (!result.Succeeded)
        {
            throw ReloadFailed(result.Summary);
        }
    }

    // A reload is only asked for: the master reads the configuration in its own time, and may refuse it without a word to us.
    // It is in force when the workers that served before are told to finish.
    private async Task AwaitWorkersAsync(NginxEdit edit, CancellationToken cancellationToken)
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

    private async Task<HashSet<int>> WorkersAsync(NginxEdit edit, CancellationToken cancellationToken)
    {
        edit.PidFile ??= (await NginxBuild.ReadAsync(host, cancellationToken)).PidFile;
        var result = await host.RunAsync(new HostCommand("sh", "-c", WorkersScript, "sh", edit.PidFile ?? string.Empty), cancellationToken);
        return result.Succeeded
            ? result.StandardOutput.Split('\n')
                .Select(line => line.Split(' ', 2, StringSplitOptions.TrimEntries))
                .Where(line => line is [_, "nginx: worker process"])
                .Select(line => int.Parse(line[0], CultureInfo.InvariantCulture))
                .ToHashSet()
            : throw new OpsException(
                $"{marks.Area}.WebServerDown",
                OpsErrorKind.OperationFailed,
                $"nginx '{target.Name}' on {host.Name} does not run: its pid file {edit.PidFile} names no process.",
                "Start it, or check 'config' of the web server in the stack file.",
                target.Name);
    }

    private OpsException ReloadFailed(string cause, OpsException? inner = null) => new(
        $"{marks.Area}.ReloadFailed",
        OpsErrorKind.OperationFailed,
        $"nginx '{target.Name}' on {host.Name} did not reload its configuration: {cause}.",
        "The change of the file was taken back.",
        target.Name,
        inner);

    private sealed class Leave(SemaphoreSlim gate) : IDisposable
    {
        public void Dispose() => gate.Release();
    }
}
