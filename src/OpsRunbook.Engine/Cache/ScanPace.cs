using System.Diagnostics;

namespace OpsRunbook.Engine.Cache;

/// <summary>
/// Keeps a scan from being felt by the server's other clients. A connection of its own pings the server all the time; when its
/// p99 rises by more than is allowed, pages become smaller and pauses longer. What a busy server takes without us is measured
/// in a pause and is not held against the scan.
/// </summary>
internal sealed class ScanPace : IAsyncDisposable
{
    private const int SmallestPage = 50;
    private const int LargestPage = 1000;
    private const int Window = 100;
    private const int EnoughSamples = 20;
    private const double LongestPause = 4;

    private static readonly TimeSpan ProbeEvery = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan BaselineHolds = TimeSpan.FromSeconds(2);

    private readonly RedisConnection _probe;
    private readonly TimeSpan _limit;
    private readonly CancellationTokenSource _stop;
    private readonly Task _probing;
    private readonly Queue<TimeSpan> _samples = new();
    private TimeSpan _without;
    private long _withoutSince;
    private long _last = Stopwatch.GetTimestamp();
    private int _page = 700;
    private double _pause;

    private ScanPace(RedisConnection probe, TimeSpan limit, CancellationToken cancellationToken)
    {
        _probe = probe;
        _limit = limit;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _probing = ProbeAsync(_stop.Token);
    }

    /// <summary>Keys to ask for at first.</summary>
    public int FirstPage => _page;

    /// <summary>Slowest ping so far of those that were taken into account: the 99th percentile of a window.</summary>
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
            // The way to the server and back is nobody's fault. The first answer takes longer than the rest.
            await PingAsync(probe, cancellationToken);
            var way = await PingAsync(probe, cancellationToken);
            return new ScanPace(probe, maxImpact, cancellationToken) { _without = way };
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
            if (measured - _without > _limit && Stopwatch.GetElapsedTime(_withoutSince) > BaselineHolds)
            {
                await MeasureWithoutAsync(cancellationToken);
            }

            Adjust(measured - _without);
        }

        if (_pause > 0)
        {
            await PauseAsync(Stopwatch.GetElapsedTime(_last) * _pause, cancellationToken);
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
        if (impact > _limit)
        {
            _page = Math.Max(SmallestPage, _page / 2);
            _pause = Math.Min(LongestPause, Math.Max(0.25, _pause * 2));
        }
        else if (impact < _limit / 2)
        {
            _page = Math.Min(LargestPage, _page + (_page / 4));
            _pause = _pause < 0.1 ? 0 : _pause / 2;
        }
    }

    private async Task MeasureWithoutAsync(CancellationToken cancellationToken)
    {
        TryTake(out _);
        await PauseAsync(ProbeEvery * EnoughSamples * 1.5, cancellationToken);
        if (TryTake(out var without))
        {
            _without = without;
            _withoutSince = Stopwatch.GetTimestamp();
        }
    }

    private async Task PauseAsync(TimeSpan pause, CancellationToken cancellationToken)
    {
        await Task.Delay(pause, cancellationToken);
        Paused += pause;
    }

    // What was measured under one setting says nothing about the next.
    private bool TryTake(out TimeSpan percentile)
    {
        lock (_samples)
        {
            percentile = default;
            if (_samples.Count < EnoughSamples)
            {
                return false;
            }

            var sorted = _samples.Order().ToList();
            percentile = Percentiles.Of(sorted, 99);
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
                    _samples.Enqueue(taken);
                    if (_samples.Count > Window)
                    {
                        _samples.Dequeue();
                    }
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
