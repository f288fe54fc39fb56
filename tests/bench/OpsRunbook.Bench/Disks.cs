using System.Globalization;
using System.Text.Json;

namespace OpsRunbook.Bench;

/// <summary>A tree of 500,000 files in 5,000 folders, in the kernel's cache, against du and find.</summary>
internal static class Disks
{
    private const int Folders = 5_000;
    private const int FilesPerFolder = 100;
    private const int Runs = 5;
    private const int Largest = 20;
    private const double Goal = 2;
    private const long MostMemory = 200L << 20;

    public static Task<Figure> UsageAsync() => MeasureAsync(
        "Folders of 500,000 files by size",
        "`du -x -B1 --max-depth=1`",
        tree => [Paths.Runner, "Get-DiskUsage", tree, "-First", "1000", "-OutputFormat", "NdJson"],
        tree => ["du", "-x", "-B1", "--max-depth=1", tree],
        output => Objects(output).Select(usage => $"{usage.GetProperty("SizeBytes")}\t{usage.GetProperty("Path")}"),
        output => output.Split('\n', StringSplitOptions.RemoveEmptyEntries));

    public static Task<Figure> LargestAsync() => MeasureAsync(
        "The 20 largest of 500,000 files",
        "`find -xdev -printf` through `sort -rn` and `head`",
        tree => [Paths.Runner, "Find-LargeFile", tree, "-MinSize", "1", "-First", $"{Largest}", "-OutputFormat", "NdJson"],
        tree => ["sh", "-c", $"find \"$1\" -xdev -type f -printf '%b %p\\n' | LC_ALL=C sort -rn | head -n {Largest}", "sh", tree],
        output => Objects(output).Select(file => $"{file.GetProperty("SizeBytes").GetInt64() / 512} {file.GetProperty("Path")}"),
        output => output.Split('\n', StringSplitOptions.RemoveEmptyEntries));

    private static IEnumerable<JsonElement> Objects(string output) => output
        .Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Select(line => JsonDocument.Parse(line).RootElement)
        .Where(item => !item.TryGetProperty("Deleted", out var deleted) || !deleted.GetBoolean());

    private static async Task<Figure> MeasureAsync(
        string work,
        string peer,
        Func<string, string[]> ours,
        Func<string, string[]> theirs,
        Func<string, IEnumerable<string>> ourLines,
        Func<string, IEnumerable<string>> theirLines)
    {
        var tree = Directory.CreateTempSubdirectory("opsrunbook-bench-").FullName;
        try
        {
            Create(tree);
            var (mine, other) = await Run.PairAsync(Runs, () => Run.OnceAsync(ours(tree)), () => Run.OnceAsync(theirs(tree)));
            if (!ourLines(mine.Output).Order(StringComparer.Ordinal).SequenceEqual(theirLines(other.Output).Order(StringComparer.Ordinal)))
            {
                throw new InvalidOperationException("The two do not say the same of the tree.");
            }

            var ratio = other.Wall / mine.Wall;
            return new Figure(
                work,
                peer,
                "≥ 2×, ≤ 200 MB",
                string.Create(CultureInfo.InvariantCulture, $"{mine.Wall.TotalSeconds:0.00} s, {mine.PeakBytes / 1048576.0:0} MB"),
                string.Create(CultureInfo.InvariantCulture, $"{other.Wall.TotalSeconds:0.00} s"),
                string.Create(CultureInfo.InvariantCulture, $"{ratio:0.0}×"),
                ratio >= Goal && mine.PeakBytes <= MostMemory);
        }
        finally
        {
            await Run.OnceAsync(["sh", "-c", "rm -rf -- \"$1\"; echo done", "sh", tree]);
        }
    }

    private static void Create(string tree) => Parallel.For(0, Folders, folder =>
    {
        var path = Directory.CreateDirectory($"{tree}/{folder % 50}/{folder}").FullName;
        for (var i = 0; i < FilesPerFolder; i++)
        {
            using var file = File.OpenHandle($"{path}/file-{i}.log", FileMode.Create, FileAccess.Write);

            // Every folder has one file with content. No two of the largest are of the same size, which the two sides order differently.
            if (i == 0)
            {
                RandomAccess.Write(file, new byte[folder > Folders - 100 ? (folder - (Folders - 100)) * 8192 : 1], 0);
            }
        }
    });
}
