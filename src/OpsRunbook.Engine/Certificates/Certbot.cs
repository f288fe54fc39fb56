using System.Globalization;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Safety;

namespace OpsRunbook.Engine.Certificates;

/// <summary>The program certbot on a host.</summary>
/// <param name="host">Its host.</param>
/// <param name="program">Its name or path.</param>
internal sealed class Certbot(IHost host, string program)
{
    /// <summary>Its name when nobody says otherwise.</summary>
    public const string DefaultProgram = "certbot";

    /// <summary>Where it keeps its logs unless it is told otherwise.</summary>
    public const string DefaultLogFolder = "/var/log/letsencrypt";

    private const string DefaultWorkFolder = "/var/lib/letsencrypt";
    private const int NotInstalled = 69;
    private const int LogBytes = 64 * 1024;

    // Whoever logs in as a user does not have all of these in PATH; a snap is in none of the usual ones.
    private const string Script = """
        PATH="$PATH:/snap/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/sbin"; export PATH
        command -v -- "$1" >/dev/null || exit 69
        exec "$@"
        """;

    // Who holds a lock is known to the kernel, whatever it is called.
    private const string HolderScript = """
        for d do
          i=$(stat -c %i -- "$d/.certbot.lock" 2>/dev/null) || continue
          l=$(grep -m 1 "POSIX .*:$i " /proc/locks) || continue
          set -- $l
          printf '%s %s' "$5" "$(tr '\0' ' ' <"/proc/$5/cmdline" 2>/dev/null)"
          exit
        done
        """;

    // Certificates of many names take a while, and so do DNS plugins, which wait for the world to see a record.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(15);

    // certbot takes its challenges back when it is told to end.
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(15);

    /// <summary>Has a lineage renewed, if certbot finds that it is due.</summary>
    /// <param name="lineage">The lineage.</param>
    /// <param name="dryRun">Go through it without keeping anything.</param>
    /// <param name="cancellationToken">Asks certbot to end, and waits for that.</param>
    /// <returns>How it ended.</returns>
    /// <exception cref="OpsException"><c>Certificate.CertbotMissing</c>, <c>Host.…</c></exception>
    public async Task<CertbotRun> RenewAsync(CertbotLineage lineage, bool dryRun, CancellationToken cancellationToken)
    {
        var mark = Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture);
        List<string> arguments = ["renew", "--cert-name", lineage.Name, "--non-interactive", "--no-random-sleep-on-renew", "--config-dir", lineage.Folder];
        if (lineage.WorkFolder is { } work)
        {
            arguments.AddRange(["--work-dir", work]);
        }

        if (lineage.LogFolder is { } logs)
        {
            arguments.AddRange(["--logs-dir", logs]);
        }

        if (dryRun)
        {
            arguments.Add("--dry-run");
            if (lineage.OtherServer is { } server)
            {
                // Without its name certbot would ask the staging server of Let's Encrypt, which knows nothing of these names.
                arguments.AddRange(["--server", server]);
            }
        }

        var command = Command([program, .. arguments]) with { Environment = new Dictionary<string, string> { ["OPSRUNBOOK_CERTBOT"] = mark }, Timeout = Limit };
        using var ended = new CancellationTokenSource();
        var running = host.RunAsync(command, ended.Token);
        try
        {
            await running.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (!running.IsCompleted)
        {
            await EndAsync(running, mark, ended);
            throw;
        }

        var result = await running;
        if (result.ExitCode == NotInstalled && result.StandardError.Length == 0)
        {
            throw new OpsException(
                "Certificate.CertbotMissing", OpsErrorKind.NotInstalled, $"There is no certbot on {host.Name}.", "Install it (apt-get install certbot), or name it with -CertbotPath.", host.Name);
        }

        return new CertbotRun(result.ExitCode, result.StandardOutput + "\n" + result.StandardError);
    }

    /// <summary>What it wrote into its log last.</summary>
    /// <param name="lineage">The lineage.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The end of the log; empty when there is none.</returns>
    public async Task<string> LogAsync(CertbotLineage lineage, CancellationToken cancellationToken)
    {
        var result = await host.RunAsync(
            new HostCommand("tail", "-c", LogBytes.ToString(CultureInfo.InvariantCulture), "--", $"{lineage.LogFolder ?? DefaultLogFolder}/letsencrypt.log"), cancellationToken);
        return result.StandardOutput;
    }

    /// <summary>Who holds the lock that keeps a second certbot out.</summary>
    /// <param name="lineage">The lineage.</param>
    /// <param name="cancellationToken">Ends the look.</param>
    /// <returns>Process id and command; null when nobody does any more, or that cannot be seen.</returns>
    public async Task<string?> LockHolderAsync(CertbotLineage lineage, CancellationToken cancellationToken)
    {
        var result = await host.RunAsync(
            new HostCommand("sh", "-c", HolderScript, "sh", lineage.Folder, lineage.WorkFolder ?? DefaultWorkFolder, lineage.LogFolder ?? DefaultLogFolder), cancellationToken);
        return result.StandardOutput.Split(' ', 2) is [{ Length: > 0 } pid, var command] ? $"process {pid} ({CommandRedactor.RedactText(command.Trim())})" : null;
    }

    private static HostCommand Command(string[] arguments) => new(["sh", "-c", Script, "sh", .. arguments]);

    private async Task EndAsync(Task running, string mark, CancellationTokenSource ended)
    {
        using var limit = new CancellationTokenSource(Farewell);
        try
        {
            await host.RunAsync(HostScripts.KillMarked(mark, "TERM"), limit.Token);
            await running.WaitAsync(limit.Token);
        }
        catch (Exception error) when (error is OpsException or OperationCanceledException)
        {
            await ended.CancelAsync();
            await running.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }
}
