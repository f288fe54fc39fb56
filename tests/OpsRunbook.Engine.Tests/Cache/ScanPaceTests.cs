using System.Diagnostics;
using OpsRunbook.Engine.Cache;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Cache;

public sealed class ScanPaceTests
{
    [SkippableFact]
    public async Task What_others_would_feel_makes_pages_smaller_and_what_they_would_not_makes_them_larger()
    {
        await using var cache = new TestCache(await Servers.RedisAsync());
        await using var server = await cache.Target.OpenAsync(CancellationToken.None);

        Assert.True(await AnyAsync(server, TimeSpan.FromTicks(1), (pace, page) => page < pace.FirstPage || pace.Paused > TimeSpan.Zero));
        Assert.True(await AnyAsync(server, TimeSpan.FromMinutes(1), (_, page) => page == 400));
        Assert.False(await AnyAsync(server, TimeSpan.FromMinutes(1), (pace, page) => page < pace.FirstPage || pace.Paused > TimeSpan.Zero));
    }

    [SkippableFact]
    public async Task A_server_that_is_slow_by_itself_does_not_stop_the_scan()
    {
        await using var redis = await Servers.NewRedisAsync(RedisKind.Plain, "enable-debug-command local");
        await using var cache = new TestCache(redis);
        await cache.FillAsync(30_000, i => new RedisCommand("SET", $"cache:{i}", "x"));
        await using var other = await cache.ConnectAsync();
        using var stop = new CancellationTokenSource();
        var busy = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                await other.ExecuteAsync(new RedisCommand("DEBUG", "SLEEP", "0.01"), CancellationToken.None);
            }
        });

        var watch = Stopwatch.StartNew();
        Assert.Equal(10, (await cache.FindAsync(new KeyQuery { Largest = 10, MaxImpact = TimeSpan.FromMilliseconds(1) })).Count);
        await stop.CancelAsync();
        await busy;
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(30), $"{watch.Elapsed}");
    }

    private static async Task<bool> AnyAsync(CacheServer server, TimeSpan maxImpact, Func<ScanPace, int, bool> expected)
    {
        await using var pace = await ScanPace.StartAsync(server, maxImpact, CancellationToken.None);
        for (var i = 0; i < 200; i++)
        {
            if (expected(pace, await pace.NextAsync(CancellationToken.None)))
            {
                return true;
            }

            await Task.Delay(10);
        }

        return false;
    }
}
