using OpsRunbook.Engine.Databases;

namespace OpsRunbook.Engine.State;

/// <summary>A lock that is a session of PostgreSQL: it ends with the connection, and it is noticed when that is cut.</summary>
internal sealed class PostgreSqlStateLock : IStateLock
{
    /// <summary>The server ends the session, and so the lock, when it has heard nothing for so long: the holder's machine is gone.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly PostgreSqlSession _session;
    private readonly Func<CancellationToken, Task> _forget;
    private readonly CancellationTokenSource _lost = new();
    private readonly CancellationTokenSource _released = new();
    private readonly Task _watch;

    /// <summary>Watches over a lock that was taken.</summary>
    /// <param name="session">The session that has it; disposed with this.</param>
    /// <param name="forget">Takes away the name of the holder.</param>
    public PostgreSqlStateLock(PostgreSqlSession session, Func<CancellationToken, Task> forget)
    {
        _session = session;
        _forget = forget;
        _watch = WatchAsync();
    }

    public CancellationToken Lost => _lost.Token;

    public async ValueTask DisposeAsync()
    {
        await _released.CancelAsync();
        await _watch;
        if (!_lost.IsCancellationRequested)
        {
            using var limit = new CancellationTokenSource(Patience);
            try
            {
                await _forget(limit.Token);
            }
            catch (Exception error) when (error is OpsException or OperationCanceledException)
            {
                // Only a name stays behind; the lock ends with the session.
            }
        }

        await _session.DisposeAsync();
        _released.Dispose();
        _lost.Dispose();
    }

    private async Task WatchAsync()
    {
        try
        {
            while (true)
            {
                await Task.Delay(Interval, _released.Token);
                using var limit = new CancellationTokenSource(Patience);
                await _session.QueryAsync("SELECT 1", _ => 0, limit.Token);
            }
        }
        catch (OperationCanceledException) when (_released.IsCancellationRequested)
        {
        }
        catch (Exception error) when (error is OpsException or OperationCanceledException)
        {
            await _lost.CancelAsync();
        }
    }
}
