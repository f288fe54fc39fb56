using System.Diagnostics;
using System.Net.Sockets;

namespace OpsRunbook.Engine.Tests.Services;

/// <summary>
/// Clients that send requests one after another until they are stopped: half of them over connections that are kept, half over a new
/// one each time; every tenth request is slow. Every answer but 200 is a failure, and so is none. Only what was sent over a kept
/// connection that the server closes unanswered is sent once more, as clients do (RFC 9112, 9.3.1): nginx closes its idle connections when it
/// reloads, whether or not a request is on its way. A request that reached an application would be answered with an error.
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
    private int _resent;
    private int _intended;

    public ConstantLoad(string url)
    {
        _url = new Uri(url);
        _clients = Enumerable.Range(0, Clients).Select(number => Task.Run(() => SendAsync(number))).ToList();
    }

    public int Succeeded => Volatile.Read(ref _succeeded);

    public int Slow => Volatile.Read(ref _slow);

    /// <summary>Sent once more, because nginx closed the connection at a reload.</summary>
    public int Resent => Volatile.Read(ref _resent);

    /// <summary>Answers that are no failure either, and are counted by themselves.</summary>
    public Predicate<HttpResponseMessage> IsIntended { get; init; } = _ => false;

    /// <summary>Answers that <see cref="IsIntended"/>.</summary>
    public int Intended => Volatile.Read(ref _intended);

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
    public Task AdvanceAsync(int requests) => UntilAsync(() => Succeeded, Succeeded + requests);

    /// <summary>Waits until so many answers were intended.</summary>
    public Task UntilIntendedAsync(int answers) => UntilAsync(() => Intended, answers);

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

    private async Task UntilAsync(Func<int> count, int goal)
    {
        for (var clock = Stopwatch.StartNew(); count() < goal; await Task.Delay(10))
        {
            Assert.True(clock.Elapsed < TimeSpan.FromMinutes(2), $"only {count()} of {goal} answers; {Failures.Count} failed: {string.Join("; ", Failures.Take(3))}");
        }
    }

    private async Task SendAsync(int number)
    {
        var client = number % 2 == 0 ? _kept : _fresh;
        for (var count = number; !_stop.IsCancellationRequested; count++)
        {
            var isSlow = count % 10 == 0;
            try
            {
                using var response = await GetAsync(client, new Uri(_url, $"wait?ms={(isSlow ? Random.Shared.Next(200, 500) : 0)}"));
                var body = await response.Content.ReadAsStringAsync();
                if (IsIntended(response))
                {
                    Interlocked.Increment(ref _intended);
                    continue;
                }

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
                Fail($"{error.Message} {error.InnerException?.Message}");
            }
        }
    }

    private async Task<HttpResponseMessage> GetAsync(HttpClient client, Uri url)
    {
        try
        {
            return await client.GetAsync(url, HttpCompletionOption.ResponseHeadersRead);
        }
        catch (HttpRequestException error) when (client == _kept && error.InnerException is IOException { InnerException: SocketException { SocketErrorCode: SocketError.ConnectionReset or SocketError.Shutdown } })
        {
            // The client itself only does so when it reads the end of the connection, not when it is told by a reset.
            Interlocked.Increment(ref _resent);
            return await client.GetAsync(url, HttpCompletionOption.ResponseHeadersRead);
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
