using System.Text.Json;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Bench;

/// <summary>Looking at and removing many keys of Redis, against redis-cli.</summary>
internal static class CacheKeys
{
    private const int Keys = 1_000_000;
    private const int Hashes = 50;
    private const int Removed = 500_000;
    private const int ManyKeys = 5_000_000;

    private static readonly string[] Debug = ["enable-debug-command local"];

    /// <summary>The 100 largest of 1,000,000 keys and 50 large hashes.</summary>
    public static async Task<Figure> MeasureLargestAsync()
    {
        await using var redis = await Servers.NewRedisAsync(RedisKind.Plain, Debug);
        await redis.ExecuteAsync("DEBUG", "POPULATE", $"{Keys}", "cache", "100");
        for (var i = 0; i < Hashes; i++)
        {
            await redis.ExecuteAsync("EVAL", $"for f = 1, 20000 do redis.call('HSET', 'big:{i}', 'field' .. f, string.rep('v', 50)) end", "0");
        }

        await using var client = new CacheNeighbour(redis);
        using var stack = new CacheStack(redis);
        var (ours, theirs) = await Run.PairAsync(
            3,
            () => client.WatchOursAsync(() => stack.RunAsync("Get-CacheKey", "cache", "-Largest", "100")),
            () => client.WatchTheirsAsync(() => Run.OnceAsync(["redis-cli", "-p", $"{redis.Port}", "--memkeys"], environment: stack.Environment)));
        var found = ours.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Require(found.Length == 100 && found.Count(line => line.Contains("\"big:", StringComparison.Ordinal)) == Hashes, "the largest keys of OpsRunbook");
        Require(theirs.Output.Contains($"{Keys + Hashes} keys", StringComparison.Ordinal) && theirs.Output.Contains("big:", StringComparison.Ordinal), "the keys of redis-cli");
        return new Figure(
            "100 largest of 1,000,000 keys and 50 large hashes in Redis",
            "`redis-cli --memkeys`",
            "≥ 5×, other clients' p99 < 2 ms",
            $"{ours.Wall.TotalSeconds:0.00} s, {ours.PeakBytes / 1048576.0:0} MB, {client}",
            $"{theirs.Wall.TotalSeconds:0.00} s",
            $"{theirs.Wall / ours.Wall:0.0}×",
            theirs.Wall / ours.Wall >= 5 && client.Ours < TimeSpan.FromMilliseconds(2));
    }

    /// <summary>500,000 keys by pattern, out of 1,000,000.</summary>
    public static async Task<Figure> MeasureRemovalAsync()
    {
        await using var redis = await Servers.NewRedisAsync(RedisKind.Plain, Debug);
        await redis.ExecuteAsync("DEBUG", "POPULATE", $"{Removed}", "stays", "100");
        await using var client = new CacheNeighbour(redis);
        using var stack = new CacheStack(redis);
        var (ours, theirs) = await Run.PairAsync(
            3,
            async () =>
            {
                await redis.ExecuteAsync("DEBUG", "POPULATE", $"{Removed}", "cache", "100");
                var run = await client.WatchOursAsync(() => stack.RunAsync("Remove-CacheKey", "cache", "-Pattern", "cache:*", "-Confirm:false"));
                using var removal = JsonDocument.Parse(run.Output);
                Require(removal.RootElement.GetProperty("Removed").GetInt32() == Removed && await redis.ExecuteAsync("DBSIZE") == $"{Removed}", "the keys that OpsRunbook removed");
                return run;
            },
            async () =>
            {
                await redis.ExecuteAsync("DEBUG", "POPULATE", $"{Removed}", "cache", "100");
                var run = await client.WatchTheirsAsync(() => Run.OnceAsync(
                    ["sh", "-c", $"redis-cli -p {redis.Port} --scan --pattern 'cache:*' | xargs -n 1000 redis-cli -p {redis.Port} unlink"], environment: stack.Environment));
                Require(await redis.ExecuteAsync("DBSIZE") == $"{Removed}", "the keys that redis-cli removed");
                return run;
            });
        return new Figure(
            "500,000 of 1,000,000 keys removed from Redis by pattern, counted first",
            "`redis-cli --scan \\| xargs -n 1000 redis-cli unlink`",
            "≥ 2×, other clients' p99 < 5 ms",
            $"{ours.Wall.TotalSeconds:0.00} s, {client}",
            $"{theirs.Wall.TotalSeconds:0.00} s",
            $"{theirs.Wall / ours.Wall:0.0}×",
            theirs.Wall / ours.Wall >= 2 && client.Ours < TimeSpan.FromMilliseconds(5));
    }

    /// <summary>Memory of ours at 5,000,000 keys.</summary>
    public static async Task<Figure> MeasureMemoryAsync()
    {
        await using var redis = await Servers.NewRedisAsync(RedisKind.Plain, Debug);
        await redis.ExecuteAsync("DEBUG", "POPULATE", $"{ManyKeys}", "cache", "20");
        using var stack = new CacheStack(redis);
        var families = await stack.RunAsync("Get-CacheKey", "cache", "-GroupBy", "Prefix");
        Require(families.Output.Contains($"\"Keys\":{ManyKeys}", StringComparison.Ordinal), "the keys of the family");
        var (ours, theirs) = await Run.PairAsync(
            1,
            () => stack.RunAsync("Get-CacheKey", "cache", "-Largest", "100"),
            () => Run.OnceAsync(["redis-cli", "-p", $"{redis.Port}", "--memkeys"], environment: stack.Environment));
        var removed = await stack.RunAsync("Remove-CacheKey", "cache", "-Pattern", "cache:*", "-Confirm:false");
        Require(removed.Output.Contains($"\"Removed\":{ManyKeys}", StringComparison.Ordinal), "the keys that were removed");
        long[] peaks = [ours.PeakBytes, families.PeakBytes, removed.PeakBytes];
        return new Figure(
            "memory for the 100 largest, for the families, and for removing 5,000,000 keys",
            "`redis-cli --memkeys`",
            "≤ 100 MB",
            $"{string.Join(", ", peaks.Select(peak => $"{peak / 1048576.0:0}"))} MB; {ours.Wall.TotalSeconds:0.0} s",
            $"{theirs.PeakBytes / 1048576.0:0} MB, {theirs.Wall.TotalSeconds:0.0} s",
            $"{theirs.Wall / ours.Wall:0.0}×",
            peaks.Max() <= 100L << 20);
    }

    // A comparison counts only when both sides did all the work.
    private static void Require(bool right, string what)
    {
        if (!right)
        {
            throw new InvalidOperationException($"Not as expected: {what}.");
        }
    }

    /// <summary>A stack file with the server, for the runner.</summary>
    private sealed class CacheStack : IDisposable
    {
        private readonly string _folder = Directory.CreateTempSubdirectory("opsrunbook-bench-").FullName;

        public CacheStack(RedisServer redis)
        {
            Environment = new Dictionary<string, string> { ["BENCH_REDIS"] = redis.Password, ["REDISCLI_AUTH"] = redis.Password, ["OPSRUNBOOK_STATE"] = _folder };
            File.WriteAllText(StackFile, $"stack: bench\ncaches:\n  cache: {{ engine: redis, server: 127.0.0.1, port: {redis.Port}, password: \"${{env:BENCH_REDIS}}\" }}\n");
        }

        public IReadOnlyDictionary<string, string> Environment { get; }

        private string StackFile => Path.Combine(_folder, "bench.yaml");

        public Task<Run> RunAsync(params string[] command) => Run.OnceAsync([Paths.Runner, .. command, "-Stack", StackFile, "-OutputFormat", "NdJson"], environment: Environment);

        public void Dispose() => Directory.Delete(_folder, recursive: true);
    }
}
