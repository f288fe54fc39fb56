using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Logs;

namespace OpsRunbook.Bench;

/// <summary>Logs of 1 GB, generated from a seed, against the shell's tools. Everything is in the page cache.</summary>
internal static class Logs
{
    private const long Size = 1L << 30;
    private const long LargestPeak = 150L << 20;

    // The same folding as Measure-ServiceLog's, for what the generated log holds.
    private const string Pipeline =
        """
        grep -E 'ERROR' "$0" | sed -E 's/^[^ ]+ //; s/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/<uuid>/g; s/[A-Za-z0-9._-]+@[A-Za-z0-9.-]+/<email>/g; s/[0-9]{1,3}(\.[0-9]{1,3}){3}/<ip>/g; s#/[A-Za-z0-9._/-]+#<path>#g; s/"[^"]*"/<str>/g; s/[0-9a-f]{16}/<hex>/g; s/[0-9]+/<num>/g' | sort | uniq -c | sort -rn | head -20
        """;

    // Status codes, bytes, latency, routes with their ids folded, and clients: what Measure-AccessLog counts, but for percentiles and time.
    private const string AccessAwk =
        """
        { status[$9]++; bytes += $10; seconds += $NF; client[$1]++; route = $7; sub(/\?.*/, "", route); gsub(/[0-9a-f]+-[0-9a-f-]+|[0-9a-f]{16}|[0-9]+/, "<id>", route); routes[$6 " " route]++; if ($9 >= 500) failed[route]++ }
        END { print NR, bytes, seconds / NR; for (s in status) print s, status[s]; n = 0; for (r in routes) print r, routes[r], failed[r]; for (c in client) n++; print n }
        """;

    private static readonly Lazy<string> Folder = new(() =>
    {
        var folder = Directory.CreateTempSubdirectory("opsrunbook-bench-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        return folder;
    });

    private static readonly Lazy<string> Application = new(() => Create("app.log", path => LogData.WriteApplication(path, Size)));
    private static readonly Lazy<string> Access = new(() => Create("access.log", path => LogData.WriteAccess(path, Size)));
    private static readonly Lazy<string> DoubleAccess = new(() => Create("double.log", path => LogData.WriteAccess(path, Size * 2)));

    /// <summary>Top error patterns, against grep, sed, sort and uniq in a locale.</summary>
    public static async Task<Figure> PatternsAsync(string locale, double goal)
    {
        var (ours, theirs) = await Run.PairAsync(
            3,
            () => OursAsync("Measure-ServiceLog", "-Path", Application.Value, "-Match", "ERROR", "-CaseSensitive", "-Top", "20", "-OutputFormat", "NdJson"),
            () => ShellAsync(Pipeline, Application.Value, locale));
        // Sixteen digits may be a hexadecimal number or another one, which the two sides take differently: about one in a thousand here.
        var counted = theirs.Output.Split('\n').Where(line => line.Length > 0 && !line.Contains("<hex>", StringComparison.Ordinal))
            .Select(line => long.Parse(line.TrimStart().Split(' ')[0], CultureInfo.InvariantCulture)).ToList();
        return counted.Count >= 15 && counted.Take(15).SequenceEqual(Counts(ours).Take(15))
            ? Compare($"top error patterns of a 1 GB log ({locale})", "`grep -E \\| sed -E \\| sort \\| uniq -c \\| sort -rn`", goal, ours, theirs)
            : throw new InvalidOperationException($"The counts differ: theirs {theirs.Output}\nours {ours.Output}");
    }

    /// <summary>Count of matching lines, against ripgrep.</summary>
    public static async Task<Figure> CountAsync()
    {
        var (ours, theirs) = await Run.PairAsync(
            5,
            () => OursAsync("Measure-ServiceLog", "-Path", Application.Value, "-Match", "ERROR", "-CaseSensitive", "-By", "Level", "-OutputFormat", "NdJson"),
            () => Run.OnceAsync(["rg", "-c", "ERROR", Application.Value]));
        if (!ours.Output.Contains($"\"Count\":{theirs.Output.Trim()},", StringComparison.Ordinal))
        {
            throw new InvalidOperationException($"The counts differ: theirs {theirs.Output}, ours {ours.Output}");
        }

        // Nothing to read: what is left is the start of the program.
        var empty = Create("empty.log", path => File.WriteAllBytes(path, []));
        var start = await Run.MedianAsync(5, () => OursAsync("Measure-ServiceLog", "-Path", empty, "-Match", "ERROR", "-CaseSensitive", "-By", "Level", "-OutputFormat", "NdJson"));
        var ratio = ours.Wall / theirs.Wall;
        return new Figure(
            "count matching lines of a 1 GB log",
            "`rg -c`",
            "≤ 1.5× its time",
            $"{Reading(ours)}, of which {start.Wall.TotalSeconds:0.00} s to start",
            $"{theirs.Wall.TotalSeconds:0.00} s",
            $"{ratio:0.0}× its time",
            ratio <= 1.5);
    }

    /// <summary>Statistics of an access log, against awk.</summary>
    public static async Task<Figure> AccessAsync()
    {
        var (ours, theirs) = await Run.PairAsync(
            3,
            () => OursAsync("Measure-AccessLog", "-Path", Access.Value, "-OutputFormat", "NdJson"),
            () => Run.OnceAsync(["awk", AccessAwk, Access.Value], environment: new Dictionary<string, string> { ["LC_ALL"] = "C" }));
        return ours.Output.Contains($"\"Requests\":{theirs.Output.Split(' ')[0]},", StringComparison.Ordinal)
            ? Compare("statistics of a 1 GB access log", "`awk` (routes, clients, status codes, bytes, mean latency)", 5, ours, theirs)
            : throw new InvalidOperationException($"The counts differ: theirs {theirs.Output}, ours {ours.Output}");
    }

    /// <summary>The last hour of a log, against a pass over all of it.</summary>
    public static async Task<Figure> LastHourAsync()
    {
        var (ours, theirs) = await Run.PairAsync(
            3,
            () => OursAsync("Measure-ServiceLog", "-Path", Application.Value, "-Since", "2026-01-23T22:35:00Z", "-By", "Level", "-OutputFormat", "NdJson"),
            () => Run.OnceAsync(["awk", "$1 >= \"2026-01-23T22:35:00\" && $1 < \"2027\" { count[$2]++ } END { for (level in count) print level, count[level] }", Application.Value], environment: new Dictionary<string, string> { ["LC_ALL"] = "C" }));
        return ours.Output.Contains($"\"Count\":{theirs.Output.Split('\n').Single(line => line.StartsWith("ERROR ", StringComparison.Ordinal)).Split(' ')[1]},", StringComparison.Ordinal)
            ? Compare("the last hour of a 1 GB log by level", "a full `awk` pass", 20, ours, theirs)
            : throw new InvalidOperationException($"The counts differ: theirs {theirs.Output}, ours {ours.Output}");
    }

    /// <summary>Time and memory when the file is twice as large.</summary>
    public static async Task<Figure> DoublingAsync()
    {
        // Large enough that the start of the program and of its compiler does not count.
        var (half, whole) = await Run.PairAsync(
            3,
            () => OursAsync("Measure-AccessLog", "-Path", Access.Value, "-OutputFormat", "NdJson"),
            () => OursAsync("Measure-AccessLog", "-Path", DoubleAccess.Value, "-OutputFormat", "NdJson"));
        var ratio = whole.Wall / half.Wall;
        return new Figure(
            "a log twice as large (1 GB, 2 GB)",
            "itself",
            "2× the time ± 15 %, the same memory",
            Reading(whole),
            Reading(half),
            $"{ratio:0.00}×",
            ratio is > 1.7 and < 2.3 && whole.PeakBytes < half.PeakBytes * 1.15);
    }

    /// <summary>Records through the engine to a condition, and through a pwsh pipeline where there is one.</summary>
    public static async Task<Figure> RecordsAsync()
    {
        var path = Create("small.log", file => LogData.WriteApplication(file, Size / 8));
        var rates = new List<double>();
        var records = 0;
        for (var i = 0; i < 4; i++)
        {
            var clock = Stopwatch.StartNew();
            var wanted = 0;
            records = 0;
            var output = new Silent();
            await foreach (var record in new LogReader(new LogQuery(), output).ReadAsync(LogSelection.OfPaths([path], "/", output), CancellationToken.None))
            {
                records++;
                wanted += record.Level == LogLevel.Error ? 1 : 0;
            }

            rates.Add(wanted / clock.Elapsed.TotalSeconds > 0 ? records / clock.Elapsed.TotalSeconds : 0);
        }

        rates.Sort();
        var shell = "no pwsh here";
        if (Paths.Exists("pwsh"))
        {
            var run = await Run.OnceAsync(
            [
                "pwsh", "-NoProfile", "-NonInteractive", "-Command",
                $"Import-Module '{Path.Combine(Paths.Root, "OpsRunbook.psd1")}'; (Measure-Command {{ Get-ServiceLog -Path '{path}' | Where-Object Level -eq Error }}).TotalSeconds.ToString([cultureinfo]::InvariantCulture)",
            ]);
            shell = $"{records / double.Parse(run.Output.Trim(), CultureInfo.InvariantCulture):N0}/s in pwsh";
        }

        return new Figure("records to a condition", "the same through `Where-Object` in pwsh", "≥ 300,000/s in the engine", $"{rates[rates.Count / 2]:N0}/s", shell, string.Empty, rates[rates.Count / 2] >= 300_000);
    }

    private static IEnumerable<long> Counts(Run run)
    {
        foreach (var line in run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            using var row = JsonDocument.Parse(line);
            if (row.RootElement.GetProperty("Value").GetString()?.Contains("<hex>", StringComparison.Ordinal) == false)
            {
                yield return row.RootElement.GetProperty("Count").GetInt64();
            }
        }
    }

    private static Task<Run> OursAsync(params string[] arguments) => Run.OnceAsync([Paths.Runner, .. arguments]);

    private static Task<Run> ShellAsync(string script, string path, string locale) =>
        Run.OnceAsync(["bash", "-c", script, path], environment: new Dictionary<string, string> { ["LC_ALL"] = locale });

    private static Figure Compare(string work, string peer, double goal, Run ours, Run theirs)
    {
        var ratio = theirs.Wall / ours.Wall;
        return new Figure(work, peer, $"≥ {goal:0.#}×, ≤ 150 MB", Reading(ours), $"{theirs.Wall.TotalSeconds:0.00} s", $"{ratio:0.0}×", ratio >= goal && ours.PeakBytes <= LargestPeak);
    }

    private static string Reading(Run run) => $"{run.Wall.TotalSeconds:0.00} s, {run.PeakBytes / 1048576.0:0} MB";

    private static string Create(string name, Action<string> write)
    {
        var path = Path.Combine(Folder.Value, name);
        write(path);
        return path;
    }

    private sealed class Silent : IOperationOutput
    {
        public bool IsWhatIf => false;

        public ValueTask WriteAsync(object item, CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public void Error(OpsException error) => throw error;

        public void Warning(string message)
        {
        }

        public void Verbose(string message)
        {
        }

        public void Progress(string activity, string status, int? percent)
        {
        }

        public Task<bool> ConfirmAsync(string target, string action, CancellationToken cancellationToken) => Task.FromResult(true);
    }
}
