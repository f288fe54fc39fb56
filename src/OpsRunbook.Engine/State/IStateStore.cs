namespace OpsRunbook.Engine.State;

/// <summary>
/// What the module remembers between commands, in files of this machine or in a database that a team shares: the journal, documents
/// (maintenance windows, incidents, samples) and locks. Both kinds of store pass the same tests.
/// </summary>
public interface IStateStore : IAsyncDisposable
{
    /// <summary>Where it is, to show: a folder, or a server and database. Never with a secret.</summary>
    string Location { get; }

    /// <summary>The journal of changes.</summary>
    IJournal Journal { get; }

    /// <summary>The documents of a kind, the oldest first.</summary>
    /// <param name="kind">Kind: <c>window</c>, <c>incident</c>.</param>
    /// <param name="onlyOpen">Only those that are still open.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The documents; none when none was ever written.</returns>
    /// <exception cref="OpsException"><c>State.Corrupt</c>, <c>State.TooNew</c>, <c>State.NotReadable</c>: one of them cannot be read, which is never taken for "there is none".</exception>
    Task<IReadOnlyList<StateDocument>> ListAsync(string kind, bool onlyOpen, CancellationToken cancellationToken);

    /// <summary>One document.</summary>
    /// <param name="kind">Kind.</param>
    /// <param name="id">Id.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The document; null when there is none.</returns>
    /// <exception cref="OpsException">As of <see cref="ListAsync"/>.</exception>
    Task<StateDocument?> ReadAsync(string kind, string id, CancellationToken cancellationToken);

    /// <summary>Writes a document whole: after a crash the old or the new one is there. When the task ends it is safe.</summary>
    /// <param name="kind">Kind.</param>
    /// <param name="id">Id: letters, digits, <c>-</c>, <c>_</c> and <c>.</c>, at most 100.</param>
    /// <param name="json">Content, one JSON object. Never with a secret.</param>
    /// <param name="open">It is about something that has not ended.</param>
    /// <param name="expected">Version that is to be replaced; 0 for a new document.</param>
    /// <param name="cancellationToken">Ends the writing; the old or the new one is there.</param>
    /// <returns>The new version.</returns>
    /// <exception cref="OpsException"><c>State.Changed</c>: another version is there, somebody else was quicker. <c>State.NotWritten</c>.</exception>
    Task<long> WriteAsync(string kind, string id, ReadOnlyMemory<byte> json, bool open, long expected, CancellationToken cancellationToken);

    /// <summary>Removes a document.</summary>
    /// <param name="kind">Kind.</param>
    /// <param name="id">Id.</param>
    /// <param name="expected">Version that is to be removed.</param>
    /// <param name="cancellationToken">Ends the removal.</param>
    /// <returns>A task that ends when it is gone for good.</returns>
    /// <exception cref="OpsException"><c>State.Changed</c>, <c>State.NotWritten</c>.</exception>
    Task RemoveAsync(string kind, string id, long expected, CancellationToken cancellationToken);

    /// <summary>Takes a lock. It ends when it is disposed, or when its holder is gone: killed, its machine restarted, its connection cut.</summary>
    /// <param name="name">What is locked: <c>window/shop</c>, <c>backup/db</c>.</param>
    /// <param name="purpose">What it is held for, for whoever meets it: <c>Start-MaintenanceWindow</c>.</param>
    /// <param name="cancellationToken">Ends the taking. Nobody waits for a lock.</param>
    /// <returns>The lock; dispose it to give it back.</returns>
    /// <exception cref="OpsException"><c>State.Locked</c>: names the holder (user, machine, process, since, purpose). <c>State.NotWritten</c>.</exception>
    Task<IStateLock> LockAsync(string name, string purpose, CancellationToken cancellationToken);
}
