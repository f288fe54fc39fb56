using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Bench;

/// <summary>Another client of a Redis server, on a thread of its own, which notices when the server is busy with something else.</summary>
internal sealed class CacheNeighbour : IAsyncDisposable
{
    private readonly TcpClient _client = new() { NoDelay = true };
    private readonly byte[] _buffer = new byte[4096];
    private readonly List<TimeSpan> _alone = [];
    private readonly List<TimeSpan> _ours = [];
    private readonly List<TimeSpan> _theirs = [];

    public CacheNeighbour(RedisServer redis)
    {
        _client.Connect("127.0.0.1", redis.Port);
        Ask($"AUTH {redis.Password}\r\n");
    }

    /// <summary>Median of the p99s while OpsRunbook was at work.</summary>
    public TimeSpan Ours => Median(_ours);

    /// <summary>Watches a run of OpsRunbook, and two seconds without anybody right before it.</summary>
    public async Task<Run> WatchOursAsync(Func<Task<Run>> run)
    {
        await WatchAsync(_alone, async () =>
        {
            await Task.Delay(2000);
            return 0;
        });
        return await WatchAsync(_ours, run);
    }

    /// <summary>Watches a run of the peer.</summary>
    public Task<Run> WatchTheirsAsync(Func<Task<Run>> run) => WatchAsync(_theirs, run);

    /// <inheritdoc/>
    public override string ToString() =>
        $"p99 {Ours.TotalMilliseconds:0.0} ms (with redis-cli {Median(_theirs).TotalMilliseconds:0.0} ms, with nobody {Median(_alone).TotalMilliseconds:0.0} ms)";

    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        return ValueTask.CompletedTask;
    }

    private static TimeSpan Median(List<TimeSpan> values) => values.Order().ElementAt(values.Count / 2);

    // Asks every millisecond while something runs.
    private async Task<T> WatchAsync<T>(List<TimeSpan> percentiles, Func<Task<T>> meanwhile)
    {
        using var stop = new CancellationTokenSource();
        var times = new List<TimeSpan>();
        var thread = new Thread(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                times.Add(Ask("GET stays:1\r\n"));
                Thread.Sleep(1);
            }
        })
        { Priority = ThreadPriority.Highest };
        thread.Start();
        try
        {
            return await meanwhile();
        }
        finally
        {
            await stop.CancelAsync();
            thread.Join();
            times.Sort();
            percentiles.Add(times[(int)(times.Count * 0.99)]);
        }
    }

    private TimeSpan Ask(string command)
    {
        var stream = _client.GetStream();
        var start = Stopwatch.GetTimestamp();
        stream.Write(Encoding.ASCII.GetBytes(command));
        _ = stream.Read(_buffer);
        return Stopwatch.GetElapsedTime(start);
    }
}
