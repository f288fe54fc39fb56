using System.Diagnostics;

namespace OpsRunbook.Engine.Tests.Services;

/// <summary>
/// Clients that send requests one after another until they are stopped: half of them over connections that are kept, half over a new
/// one each time; every tenth request is slow. Every answer but 200 is a failure.
/// </summary>
internal sealed class ConstantLoad : IAsyncDisposable
{
    private const int Clients = 16;

    private readonly Uri _url;
    private readonly HttpClient _kept = new(new SocketsHttpHandler());
    private readonly HttpClient _fresh = new(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.Zero });
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _clients;
    private readonly List<string> _failures = [];
    private int _succeeded;
    private int _slow;

    public ConstantLoad(string url)
    {
        _url = new Uri(url);
        _clients = Enumerable.Range(0, Clients).Select(number => Task.Run(() => SendAsync(number))).ToList();
    }

    public int Succeeded => Volatile.Read(ref _succeeded);

    public int Slow => Volatile.Read(ref _slow);

    public IReadOnlyList<string> Failures
    {
        get
        {
            lock (_failures)
            {
                return [.. _failures];
            }
        }
    }

    /// <summary>Waits until so many more requests have succeeded.</summary>
    public async Task AdvanceAsync(int requests)
    {
        var (goal, clock) = (Succeeded + requests, Stopwatch.StartNew());
        while (Succeeded < goal)
        {
            Assert.True(clock.Elapsed < TimeSpan.FromMinutes(2), $"only {Succeeded} requests succeeded; {Failures.Count} failed: {string.Join("; ", Failures.Take(3))}");
            await Task.Delay(10);
        }
    }

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_clients);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _kept.Dispose();
        _fresh.Dispose();
        _stop.Dispose();
    }

    private async Task SendAsync(int number)
    {
        var client = number % 2 == 0 ? _kept : _fresh;
        for (var count = number; !_stop.IsCancellationRequested; count++)
        {
            var isSlow = count % 10 == 0;
            try
            {
                using var response = await client.GetAsync(new Uri(_url, $"wait?ms={(isSlow ? Random.Shared.Next(200, 500) : 0)}"));
                var body = await response.Content.ReadAsStringAsync();
                if (!response.IsSuccessStatusCode)
                {
                    Fail($"{(int)response.StatusCode}: {body}");
                    continue;
                }

                Interlocked.Increment(ref _succeeded);
                if (isSlow)
                {
                    Interlocked.Increment(ref _slow);
                }
            }
            catch (Exception error) when (error is HttpRequestException or TaskCanceledException)
            {
                Fail(error.Message);
            }
        }
    }

    private void Fail(string cause)
    {
        lock (_failures)
        {
            _failures.Add(cause);
        }
    }
}
