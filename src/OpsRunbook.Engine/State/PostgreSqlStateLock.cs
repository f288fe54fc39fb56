using System.Collections.Concurrent;
using OpsRunbook.Engine.Databases;

namespace OpsRunbook.Engine.State;

/// <summary>
/// A lock that is a session of PostgreSQL: it ends with the connection. When that is cut, by a server that is restarted for example, the lock
/// is taken again, unless somebody else has had it meanwhile.
/// </summary>
internal sealed class PostgreSqlStateLock : IStateLock
{
    /// <summary>The server ends the session, and so the lock, when it has heard nothing for so long: the holder's machine is gone.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromSeconds(30);

    // Asking, and taking it again, ends well before the server would give the lock to somebody else for our silence.
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<PostgreSqlStateLock, string> _held;
    private readonly Func<CancellationToken, Task<PostgreSqlSession>> _retake;
    private readonly Func<PostgreSqlSession, CancellationToken, Task> _forget;
    private readonly SemaphoreSlim _gate = new(1);
    private readonly CancellationTokenSource _lost = new();
    private readonly CancellationTokenSource _released = new();
    private readonly Task _watch;
    private PostgreSqlSession? _session;

    /// <summary>Watches over a lock that was taken.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="session">The session that has it; disposed with this.</param>
    /// <param name="held">The locks that its store holds; this one stands there as long as it is held.</param>
    /// <param name="retake">Takes it again in a session of its own; fails when somebody else has had it meanwhile.</param>
    /// <param name="forget">Takes away the name of the holder.</param>
    public PostgreSqlStateLock(
        string name,
        PostgreSqlSession session,
        ConcurrentDictionary<PostgreSqlStateLock, string> held,
        Func<CancellationToken, Task<PostgreSqlSession>> retake,
        Func<PostgreSqlSession, CancellationToken, Task> forget)
    {
        _session = session;
        _held = held;
        _retake = retake;
        _forget = forget;
        _held[this] = name;
        _watch = WatchAsync();
    }

    public CancellationToken Lost => _lost.Token;

    public async ValueTask DisposeAsync()
    {
        _held.TryRemove(this, out _);
        await _released.CancelAsync();
        await _watch;

        // Not disposed: who checks at this moment still waits for it, and then finds the lock released.
        await _gate.WaitAsync();
        if (_session is not null)
        {
            using var limit = new CancellationTokenSource(Patience);
            try
            {
                await _forget(_session, limit.Token);
            }
            catch (Exception error) when (error is OpsException or OperationCanceledException)
            {
                // Only a name stays behind; the lock ends with the session.
            }

            await _session.DisposeAsync();
        }

        _released.Dispose();
        _lost.Dispose();
        _gate.Release();
    }

    /// <summary>Looks whether the lock is still there, takes it again, or says that it is lost.</summary>
    /// <returns>A task that ends when that is known.</returns>
    public async Task CheckAsync()
    {
        await _gate.WaitAsync();
        try
        {
            if (_released.IsCancellationRequested || _lost.IsCancellationRequested || await IsAliveAsync())
            {
                return;
            }

            // It would stand in our own way where the server has not noticed yet.
            await _session!.DisposeAsync();
            _session = null;
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(_released.Token);
            limit.CancelAfter(Patience);
            _session = await _retake(limit.Token);
        }
        catch (Exception error) when (error is OpsException or OperationCanceledException)
        {
            await _lost.CancelAsync();
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task<bool> IsAliveAsync()
    {
        using var limit = new CancellationTokenSource(Patience);
        try
        {
            await _session!.QueryAsync("SELECT 1", _ => 0, limit.Token);
            return true;
        }
        catch (Exception error) when (error is OpsException or OperationCanceledException)
        {
            return false;
        }
    }

    private async Task WatchAsync()
    {
        try
        {
            while (!_lost.IsCancellationRequested)
            {
                await Task.Delay(Interval, _released.Token);
                await CheckAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // It was given back.
        }
    }
}
