using System.Diagnostics;

namespace OpsRunbook.Engine.Cache;

/// <summary>
/// Keeps a scan from being felt by the server's other clients. A connection of its own pings the server all the time; when its
/// p99 rises above what is allowed, pages become smaller and pauses longer. When that does not help, the scan is not the cause
/// (a busy machine, somebody else's slow commands), and it goes on as before for a while.
/// </summary>
internal sealed class ScanPace : IAsyncDisposable
{
    private const int SmallestPage = 50;

    // The server serves others between what it has read of ours at a time, which is a page and the questions about the one before.
    // Those of 200 keys take it a third of a millisecond, and larger ones are no faster where the server is near.
    private const int UsualPage = 200;
    private const int LargestPage = 400;
    private const int LargestPageAfar = 1000;
    private const int FirstPings = 5;
    private const int EnoughSamples = 40;
    private const double LongestPause = 4;
    private const double Helpful = 0.75;

    // A page costs a way there and back.
    private static readonly TimeSpan Afar = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan ProbeEvery = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan HoldFor = TimeSpan.FromSeconds(3);

    private readonly RedisConnection _probe;
    private readonly TimeSpan _limit;
    private readonly CancellationTokenSource _stop;
    private readonly Task _probing;
    private readonly List<TimeSpan> _samples = [];
    private readonly TimeSpan _way;
    private readonly int _largestPage;
    private TimeSpan? _before;
    private long _holdSince;
    private long _last = Stopwatch.GetTimestamp();
    private int _page = UsualPage;
    private double _pause;

    private ScanPace(RedisConnection probe, TimeSpan limit, TimeSpan way, CancellationToken cancellationToken)
    {
        _probe = probe;
        _limit = limit;
        _way = way;
        _largestPage = way > Afar ? LargestPageAfar : LargestPage;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _probing = ProbeAsync(_stop.Token);
    }

    /// <summary>Keys to ask for at first.</summary>
    public int FirstPage { get; } = UsualPage;

    /// <summary>Highest p99 of a window so far.</summary>
    public TimeSpan Worst { get; private set; }

    /// <summary>Time that was spent waiting for the sake of others.</summary>
    public TimeSpan Paused { get; private set; }

    /// <summary>Begins to measure.</summary>
    /// <param name="server">The server.</param>
    /// <param name="maxImpact">How much longer others may have to wait.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The pace; the caller disposes it.</returns>
    public static async Task<ScanPace> StartAsync(CacheServer server, TimeSpan maxImpact, CancellationToken cancellationToken)
    {
        var probe = await server.ConnectAsync(cancellationToken);
        try
        {
            // The way to the server and back is nobody's fault. The quickest answer has met nothing on it.
            var way = TimeSpan.MaxValue;
            for (var i = 0; i < FirstPings; i++)
            {
                var taken = await PingAsync(probe, cancellationToken);
                way = taken < way ? taken : way;
            }

            return new ScanPace(probe, maxImpact, way, cancellationToken);
        }
        catch
        {
            await probe.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits until the next page is due.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Number of keys to ask for.</returns>
    public async ValueTask<int> NextAsync(CancellationToken cancellationToken)
    {
        if (TryTake(out var measured))
        {
            Worst = measured > Worst ? measured : Worst;
            Adjust(measured - _way);
        }

        if (_pause > 0)
        {
            var pause = Stopwatch.GetElapsedTime(_last) * _pause;
            await Task.Delay(pause, cancellationToken);
            Paused += pause;
        }

        _last = Stopwatch.GetTimestamp();
        return _page;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _probing;
        await _probe.DisposeAsync();
        _stop.Dispose();
    }

    private static async Task<TimeSpan> PingAsync(RedisConnection probe, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        await probe.ExecuteAsync(new RedisCommand("PING"), cancellationToken);
        return Stopwatch.GetElapsedTime(start);
    }

    private void Adjust(TimeSpan impact)
    {
        if (impact <= _limit)
        {
            _before = null;
            if (impact < _limit / 2)
            {
                _page = Math.Min(_largestPage, _page + (_page / 4));
                _pause = _pause < 0.1 ? 0 : _pause / 2;
            }
        }
        else if (_before is { } before && impact > before * Helpful)
        {
            (_before, _page, _pause, _holdSince) = (null, UsualPage, 0, Stopwatch.GetTimestamp());
        }
        else if (_holdSince == 0 || Stopwatch.GetElapsedTime(_holdSince) > HoldFor)
        {
            // The first step costs nothing when the scan turns out not to be the cause.
            _pause = _before is null ? _pause : Math.Min(LongestPause, Math.Max(0.25, _pause * 2));
            _page = Math.Max(SmallestPage, _page / 2);
            _before = impact;
        }
    }

    // What was measured under one setting says nothing about the next. A single outlier of so few is chance.
    private bool TryTake(out TimeSpan percentile)
    {
        lock (_samples)
        {
            percentile = default;
            if (_samples.Count < EnoughSamples)
            {
                return false;
            }

            _samples.Sort();
            _samples.RemoveAt(_samples.Count - 1);
            percentile = Percentiles.Of(_samples, 99);
            _samples.Clear();
            return true;
        }
    }

    private async Task ProbeAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                var taken = await PingAsync(_probe, cancellationToken);
                lock (_samples)
                {
                    _samples.Add(taken);
                }

                await Task.Delay(ProbeEvery, cancellationToken);
            }
        }
        catch (Exception error) when (error is OpsException or OperationCanceledException)
        {
            // The scan itself says what is wrong with the server.
        }
    }
}
