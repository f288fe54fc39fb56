namespace OpsRunbook.Bench;

/// <summary>Import-Module in a fresh pwsh, against an empty binary module.</summary>
internal static class Import
{
    public static async Task<Figure?> MeasureAsync(string root)
    {
        if (!Paths.Exists("pwsh"))
        {
            Console.Error.WriteLine("import: not measured, there is no pwsh on PATH");
            return null;
        }

        var empty = Directory.GetFiles(Path.Combine(root, "tests/bench/EmptyModule/bin"), "EmptyModule.dll", SearchOption.AllDirectories)
            .OrderByDescending(File.GetLastWriteTimeUtc)
            .First();
        var (ours, theirs) = (new List<double>(), new List<double>());
        for (var i = 0; i < 12; i++)
        {
            var pair = (await ImportAsync(Path.Combine(root, "OpsRunbook.psd1")), await ImportAsync(empty));
            if (i > 0)
            {
                ours.Add(pair.Item1);
                theirs.Add(pair.Item2);
            }
        }

        var (a, b) = (Median(ours), Median(theirs));
        return new Figure(
            "import the module in pwsh",
            "an empty binary module",
            "≤ 100 ms more",
            $"{a:0} ms",
            $"{b:0} ms",
            $"{a - b:+0;-0} ms",
            a - b <= 100);
    }

    private static double Median(List<double> values)
    {
        values.Sort();
        return values[values.Count / 2];
    }

    private static async Task<double> ImportAsync(string module)
    {
        var run = await Run.OnceAsync(
        [
            "pwsh", "-NoProfile", "-NonInteractive", "-Command",
            $"$clock = [Diagnostics.Stopwatch]::StartNew(); Import-Module '{module}'; $clock.Stop(); $clock.Elapsed.TotalMilliseconds.ToString([cultureinfo]::InvariantCulture)",
        ]);
        return double.Parse(run.Output.Trim(), System.Globalization.CultureInfo.InvariantCulture);
    }
}
