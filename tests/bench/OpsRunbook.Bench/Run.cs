using System.Diagnostics;
using System.Globalization;

namespace OpsRunbook.Bench;

/// <summary>One timed run of a whole process.</summary>
/// <param name="Wall">From start to exit.</param>
/// <param name="PeakBytes">Largest resident set of the process itself, sampled; 0 when it ended too soon.</param>
/// <param name="Output">Standard output.</param>
internal sealed record Run(TimeSpan Wall, long PeakBytes, string Output)
{
    /// <summary>Runs a program to its end.</summary>
    public static async Task<Run> OnceAsync(IReadOnlyList<string> command, string? input = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(command[0])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in command.Skip(1))
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        var clock = Stopwatch.StartNew();
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{command[0]} did not start.");
        var peak = PeakAsync(process);
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.StandardInput.WriteAsync(input ?? string.Empty);
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        var wall = clock.Elapsed;
        var text = await output;
        return text.Length == 0 && process.ExitCode > 3
            ? throw new InvalidOperationException($"{string.Join(' ', command)} exited with {process.ExitCode}: {await errors}")
            : new Run(wall, await peak, text);
    }

    /// <summary>The median of several runs by wall time, after one that does not count.</summary>
    public static async Task<Run> MedianAsync(int count, Func<Task<Run>> run)
    {
        await run();
        var runs = new List<Run>();
        for (var i = 0; i < count; i++)
        {
            runs.Add(await run());
        }

        return Median(runs);
    }

    /// <summary>The medians of two commands that were run in turn, so that a slow phase of the machine meets both.</summary>
    public static async Task<(Run First, Run Second)> PairAsync(int count, Func<Task<Run>> first, Func<Task<Run>> second)
    {
        var (a, b) = (new List<Run>(), new List<Run>());
        await first();
        for (var i = 0; i < count; i++)
        {
            a.Add(await first());
            b.Add(await second());
        }

        return (Median(a), Median(b));
    }

    private static Run Median(List<Run> runs)
    {
        runs.Sort((x, y) => x.Wall.CompareTo(y.Wall));
        return runs[runs.Count / 2] with { PeakBytes = runs.Max(run => run.PeakBytes) };
    }

    private static async Task<long> PeakAsync(Process process)
    {
        var peak = 0L;
        while (!process.HasExited)
        {
            try
            {
                foreach (var line in await File.ReadAllLinesAsync($"/proc/{process.Id}/status"))
                {
                    if (line.StartsWith("VmHWM:", StringComparison.Ordinal))
                    {
                        peak = long.Parse(line.AsSpan(6).Trim().TrimEnd("kB").Trim(), CultureInfo.InvariantCulture) * 1024;
                    }
                }
            }
            catch (IOException)
            {
                break;
            }

            await Task.Delay(10);
        }

        return peak;
    }
}
