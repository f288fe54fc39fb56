using System.IO.Enumeration;
using System.Text.RegularExpressions;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Disks.Rotation;

/// <summary>What <c>logrotate -d</c> says of its configuration: it changes nothing, and reads the rules as the real run does.</summary>
internal sealed partial class LogrotateReport
{
    /// <summary>The tool's own configuration.</summary>
    public const string MainFile = "/etc/logrotate.conf";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly List<LogrotateRule> _rules = [];
    private readonly List<string> _errors = [];
    private readonly List<string> _files = [];

    private LogrotateReport()
    {
    }

    /// <summary>The rules in force.</summary>
    public IReadOnlyList<LogrotateRule> Rules => _rules;

    /// <summary>What it complains about, each in its own words.</summary>
    public IReadOnlyList<string> Errors => _errors;

    /// <summary>Reads the configuration of a host.</summary>
    /// <param name="host">The host.</param>
    /// <param name="files">Absolute paths of configuration files.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <returns>What it says.</returns>
    /// <exception cref="OpsException"><c>LogRotation.NotInstalled</c>, or a host error.</exception>
    public static async Task<LogrotateReport> ReadAsync(IHost host, IReadOnlyList<string> files, CancellationToken cancellationToken)
    {
        // It is in a folder that is not everybody's PATH, and asked without one so that no state is made.
        const string script = """
            PATH=$PATH:/usr/sbin:/sbin
            export PATH
            command -v logrotate >/dev/null || exit 127
            exec logrotate -d "$@" 2>&1
            """;
        var result = await host.RunAsync(new HostCommand(["sh", "-c", script, "sh", .. files]) { Timeout = Limit }, cancellationToken);
        if (result.ExitCode == 127)
        {
            throw new OpsException(
                "LogRotation.NotInstalled", OpsErrorKind.NotInstalled, $"There is no logrotate on {host.Name}.", "Install it: apt-get install logrotate.", host.Name);
        }

        var report = new LogrotateReport();
        report.Parse(result.StandardOutput);
        return report;
    }

    /// <summary>The rule that covers a log; null for none.</summary>
    /// <param name="log">Absolute path, or a pattern where there is no file yet.</param>
    public LogrotateRule? Find(string log) => _rules.Find(rule => rule.Logs.Contains(log)) ?? _rules.Find(rule => rule.Patterns.Any(pattern => pattern == log || Fits(pattern, log)));

    /// <summary>What it complains about in a file, or about a log.</summary>
    /// <param name="file">Configuration file.</param>
    /// <param name="log">Path or pattern of a log.</param>
    /// <returns>The first complaint; null for none.</returns>
    public string? Complaint(string? file, string log)
    {
        // It names the files of a folder without their folder.
        var name = file is null ? null : Path.GetFileName(file);
        return _errors.Find(error => error.Contains(log, StringComparison.Ordinal)
            || (name is not null && (error.StartsWith(name + ":", StringComparison.Ordinal) || error.StartsWith(file + ":", StringComparison.Ordinal)
                || error.Contains($"file {name},", StringComparison.Ordinal) || error.Contains($"Ignoring {name} ", StringComparison.Ordinal))));
    }

    /// <summary>A file was read.</summary>
    /// <param name="file">Absolute path.</param>
    /// <returns>True when it was.</returns>
    public bool HasRead(string file) => _files.Contains(file, StringComparer.Ordinal);

    private static bool Fits(string pattern, string log) =>
        pattern.LastIndexOf('/') == log.LastIndexOf('/') && FileSystemName.MatchesSimpleExpression(pattern.Replace("\\", "\\\\", StringComparison.Ordinal), log, ignoreCase: false);

    private void Parse(string text)
    {
        var folder = string.Empty;
        foreach (var line in text.Split('\n'))
        {
            if (line.StartsWith("including ", StringComparison.Ordinal))
            {
                folder = line["including ".Length..];
            }
            else if (line.StartsWith("reading config file ", StringComparison.Ordinal))
            {
                _files.Add(Path.Combine(folder, line["reading config file ".Length..]));
            }
            else if (line.StartsWith("error: ", StringComparison.Ordinal))
            {
                _errors.Add(line["error: ".Length..].Trim());
            }
            else if (PatternLine().Match(line) is { Success: true } match)
            {
                _rules.Add(new LogrotateRule(Paths().Matches(match.Groups[1].Value).Select(path => path.Value.Trim('"')).ToList(), Every(match.Groups[2].Value), match.Groups[3].Value));
            }
            else if (line.StartsWith("considering log ", StringComparison.Ordinal) && _rules.Count > 0)
            {
                _rules[^1].Logs.Add(line["considering log ".Length..]);
            }
        }
    }

    private static string Every(string words) => words.Trim() switch
    {
        "after 1 days" => "daily",
        "hourly" or "weekly" or "monthly" or "yearly" => words.Trim(),
        var other when other.EndsWith(" bytes", StringComparison.Ordinal) && long.TryParse(other.Split(' ')[0], out var bytes) => "from " + ByteSize.Format(bytes),
        "forced from command line" => "forced",
        var other => other,
    };

    [GeneratedRegex("^rotating pattern: (.*?)  ?((?:after |hourly|weekly|monthly|yearly|forced|[0-9]+ bytes).*?) ?\\((no old logs will be kept|[0-9]+ rotations|unlimited.*)\\)$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex PatternLine();

    // It repeats them as they are written, in quotes where they have spaces.
    [GeneratedRegex("\"[^\"]*\"|[^ \"]+", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Paths();
}
