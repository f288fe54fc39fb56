using System.Text;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Safety;

namespace OpsRunbook.Engine.Disks.Rotation;

/// <summary>Writes the rule for an entry of the stack's logs, proves it on a copy first, and takes it back when logrotate refuses it.</summary>
/// <param name="stack">The stack in use.</param>
/// <param name="configFile">Configuration of logrotate that includes the rule; null for the tool's own.</param>
/// <param name="changes">The road for changes.</param>
/// <param name="output">Takes the result.</param>
public sealed class LogRotationSetter(OpsStack stack, string? configFile, ChangeRunner changes, IOperationOutput output)
{
    private const string RuleFolder = "/etc/logrotate.d";
    private const int LargestRule = 1 << 20;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    // Of each log a beginning is enough, so that a full disk does not keep the rule from being proved. The rule comes by standard input.
    private const string ProofScript = """
        set -eu
        PATH=$PATH:/usr/sbin:/sbin
        command -v logrotate >/dev/null || exit 127
        t=$(mktemp -d "${TMPDIR:-/tmp}/opsrunbook.XXXXXXXX")
        trap 'rm -rf -- "$t"' EXIT
        trap 'exit 143' HUP INT TERM
        mkdir -m 700 "$t/logs"
        { printf '"%s/logs/*.log" {\n' "$t"; cat; printf '}\n'; } > "$t/rule"
        chmod 600 "$t/rule"
        echo sample > "$t/logs/0.log"
        n=0
        for f do
          n=$((n+1))
          head -c 65536 -- "$f" > "$t/logs/$n.log" || :
          echo sample >> "$t/logs/$n.log"
        done
        for turn in 1 2; do
          logrotate -f -s "$t/state" "$t/rule" 2>&1
          i=0
          while [ "$i" -le "$n" ]; do
            echo again >> "$t/logs/$i.log"
            i=$((i+1))
          done
        done
        printf 'done\n'
        ls -1 "$t/logs"
        """;

    /// <summary>Sets the rule of one log.</summary>
    /// <param name="name">Its name in the stack.</param>
    /// <param name="log">The log.</param>
    /// <param name="host">Its host.</param>
    /// <param name="cancellationToken">Ends the work; what was written is then proved or taken back.</param>
    /// <returns>A task that ends with the rule in force.</returns>
    /// <exception cref="OpsException"><c>LogRotation.NotProved</c>, <c>LogRotation.Refused</c>, <c>LogRotation.NotInstalled</c>, or a host error.</exception>
    public async Task RunAsync(string name, StackLog log, IHost host, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(log);
        ArgumentNullException.ThrowIfNull(host);
        if (log.Rotation is { By: "docker" })
        {
            throw new OpsException(
                "LogRotation.NotLogrotate", OpsErrorKind.InvalidArgument, $"The log '{name}' is rotated by Docker.", "Set log-opts in daemon.json or in the compose file.", name);
        }

        var files = await FilesAsync(log, host, cancellationToken);
        var rule = new LogRotationRule(name, stack.Name, files, log.Rotation ?? LogRotationRule.Usual) { User = await UserAsync(files, host, cancellationToken) };
        var path = log.Rotation?.Config is { } config && config.StartsWith('/') && config != LogrotateReport.MainFile ? config : $"{RuleFolder}/{FileName($"{stack.Name}-{name}")}";
        var text = Encoding.UTF8.GetBytes(rule.Text);
        var old = await host.ReadFileAsync(path, LargestRule, cancellationToken);
        if (old is not null && old.AsSpan().SequenceEqual(text))
        {
            await output.WriteAsync(new LogRotationChange { Changed = false, Name = name, Path = path, Rule = rule.Text, Host = host.Name }, cancellationToken);
            return;
        }

        if (changes.IsWhatIf)
        {
            await changes.PlanAsync("Set rotation", path, host.Name, rule.Text, cancellationToken);
            return;
        }

        var proof = await ProveAsync(rule, files, host, cancellationToken);
        var change = new Change("Set rotation", path, host.Name)
        {
            Before = new Dictionary<string, string?> { ["rule"] = old is null ? null : Encoding.UTF8.GetString(old) },
        };
        if (await changes.ConfirmAsync(change, cancellationToken))
        {
            var kept = await changes.RunAsync(
                change, token => WriteAsync(path, old, text, files, host, token),
                copy => new ChangeResult(JournalOutcome.Succeeded, copy is null ? null : $"the old file is {copy}") { After = new Dictionary<string, string?> { ["rule"] = rule.Text } },
                cancellationToken);
            await output.WriteAsync(
                new LogRotationChange { Changed = true, Name = name, Path = path, Kept = kept, Rule = rule.Text, Proof = proof, Host = host.Name }, cancellationToken);
        }
    }

    private static async Task<IReadOnlyList<string>> FilesAsync(StackLog log, IHost host, CancellationToken cancellationToken)
    {
        var files = new List<string>();
        foreach (var file in log.Files.Where(file => file.StartsWith('/')))
        {
            // A folder stands for the logs in it; a rule of everything would rotate what has been rotated.
            var isFolder = file.EndsWith('/') || (file.AsSpan().IndexOfAny('*', '?') < 0 && (await host.FindFilesAsync(file + "/.", cancellationToken)).Count > 0);
            files.Add(isFolder ? file.TrimEnd('/') + "/*.log" : file);
        }

        return files;
    }

    private static async Task<string?> UserAsync(IReadOnlyList<string> files, IHost host, CancellationToken cancellationToken)
    {
        var folder = files.Select(Path.GetDirectoryName).FirstOrDefault(folder => folder is not null && folder.AsSpan().IndexOfAny('*', '?') < 0);
        return folder is null ? null : await LogRotationRule.UserAsync(host, folder, cancellationToken);
    }

    private static async Task<IReadOnlyList<string>> ProveAsync(LogRotationRule rule, IReadOnlyList<string> files, IHost host, CancellationToken cancellationToken)
    {
        var logs = new List<string>();
        foreach (var file in files)
        {
            logs.AddRange(await host.FindFilesAsync(file, cancellationToken));
        }

        const int Enough = 3;
        var command = new HostCommand(["sh", "-c", ProofScript, "sh", .. logs.Take(Enough)]) { StandardInput = Encoding.UTF8.GetBytes(rule.Body(forCopy: true)), Timeout = Limit };
        var result = await host.RunAsync(command, cancellationToken);
        if (result.ExitCode == 127)
        {
            throw new OpsException("LogRotation.NotInstalled", OpsErrorKind.NotInstalled, $"There is no logrotate on {host.Name}.", "Install it: apt-get install logrotate.", host.Name);
        }

        var lines = result.StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var made = lines.SkipWhile(line => line != "done").Skip(1).ToList();
        var missing = made.Where(file => file.EndsWith(".log", StringComparison.Ordinal)).SelectMany(rule.AfterTwoTurns).Except(made).ToList();
        return result.Succeeded && made.Count > 0 && missing.Count == 0
            ? made
            : throw new OpsException(
                "LogRotation.NotProved",
                OpsErrorKind.OperationFailed,
                made.Count > 0
                    ? $"A forced run of the rule on a copy of the logs made no {string.Join(", ", missing)}."
                    : $"A forced run of the rule on a copy of the logs failed: {(lines.FirstOrDefault(line => line.StartsWith("error", StringComparison.Ordinal)) ?? result.Summary)}",
                "Nothing was written. Look at the rotation of the log in the stack file.",
                host.Name);
    }

    private async Task<string?> WriteAsync(string path, byte[]? old, byte[] text, IReadOnlyList<string> files, IHost host, CancellationToken cancellationToken)
    {
        var kept = old is null ? null : await KeptFiles.KeepAsync(host, path, cancellationToken);
        await host.WriteFileAsync(path, text, cancellationToken);
        string? refusal;
        try
        {
            // From here on an interruption must not leave a rule that nobody has tested.
            refusal = await RefusalAsync(path, files, host);
        }
        catch (OpsException error)
        {
            refusal = error.Message;
        }

        if (refusal is null)
        {
            return kept;
        }

        if (old is null)
        {
            await host.RunAsync(new HostCommand("rm", "-f", "--", path), CancellationToken.None);
        }
        else
        {
            await host.WriteFileAsync(path, old, CancellationToken.None);
            await host.RunAsync(new HostCommand("rm", "-f", "--", kept!), CancellationToken.None);
        }

        throw new OpsException(
            "LogRotation.Refused",
            OpsErrorKind.OperationFailed,
            $"logrotate refuses the rule {path} on {host.Name}: {refusal} It was taken back.",
            "Mend what it says; Test-LogRotation shows which other rule covers the same log.",
            path);
    }

    private async Task<string?> RefusalAsync(string path, IReadOnlyList<string> files, IHost host)
    {
        var main = configFile ?? LogrotateReport.MainFile;
        var report = await LogrotateReport.ReadAsync(host, [main], CancellationToken.None);
        if (!report.HasRead(path))
        {
            report = await LogrotateReport.ReadAsync(host, [main, path], CancellationToken.None);
        }

        return report.Complaint(path, files.Count > 0 ? Path.GetDirectoryName(files[0]) + "/" : path)
            ?? (files.FirstOrDefault(file => report.Find(file) is null) is { } missing ? $"{missing} is not covered." : null);
    }

    // What run-parts and logrotate leave out by their names must not be among them.
    private static string FileName(string name) => string.Concat(name.Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' ? char.ToLowerInvariant(letter) : '-'));
}
