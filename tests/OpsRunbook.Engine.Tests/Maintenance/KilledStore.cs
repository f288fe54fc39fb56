using OpsRunbook.Engine.State;

namespace OpsRunbook.Engine.Tests.Maintenance;

/// <summary>Thrown where a process would be killed: nothing in the engine takes it for a failure that it could do something about.</summary>
internal sealed class KilledException : Exception;

/// <summary>A store that is not there any more from a certain record of a window on, as for a process that is killed just before it or just after.</summary>
/// <param name="store">The true one.</param>
/// <param name="at">Number of the record, from 1.</param>
/// <param name="after">It is written first.</param>
internal sealed class KilledStore(IStateStore store, int at, bool after) : IStateStore
{
    private int _writes;

    public bool WasKilled { get; private set; }

    public string Location => store.Location;

    public IJournal Journal => WasKilled ? throw new KilledException() : store.Journal;

    public Task<IReadOnlyList<StateDocument>> ListAsync(string kind, bool onlyOpen, CancellationToken cancellationToken) => store.ListAsync(kind, onlyOpen, cancellationToken);

    public Task<StateDocument?> ReadAsync(string kind, string id, CancellationToken cancellationToken) => store.ReadAsync(kind, id, cancellationToken);

    public async Task<long> WriteAsync(string kind, string id, ReadOnlyMemory<byte> json, bool open, long expected, CancellationToken cancellationToken)
    {
        if (++_writes >= at)
        {
            if (after && !WasKilled)
            {
                await store.WriteAsync(kind, id, json, open, expected, cancellationToken);
            }

            WasKilled = true;
            throw new KilledException();
        }

        return await store.WriteAsync(kind, id, json, open, expected, cancellationToken);
    }

    public Task RemoveAsync(string kind, string id, long expected, CancellationToken cancellationToken) => store.RemoveAsync(kind, id, expected, cancellationToken);

    public Task<IStateLock> LockAsync(string name, string purpose, CancellationToken cancellationToken) => store.LockAsync(name, purpose, cancellationToken);

    public ValueTask DisposeAsync() => store.DisposeAsync();
}
