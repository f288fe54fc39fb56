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

    public CacheNeighbour(RedisServer redis)
    {
        _client.Connect("127.0.0.1", redis.Port);
        Ask($"AUTH {redis.Password}\r\n");
    }

    /// <summary>Asks every millisecond while something runs.</summary>
    /// <returns>The 99th percentile of the answers' times.</returns>
    public async Task<TimeSpan> WatchAsync(Func<Task> meanwhile)
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
            await meanwhile();
        }
        finally
        {
            await stop.CancelAsync();
            thread.Join();
        }

        times.Sort();
        return times[(int)(times.Count * 0.99)];
    }

    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        return ValueTask.CompletedTask;
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
