using OpsRunbook.Engine.Databases;

namespace OpsRunbook.Engine.Backups;

/// <summary>A server into which sets are restored, always into a new database.</summary>
internal interface IRestoreServer : IAsyncDisposable
{
    /// <summary>Looks whether the programs that a set needs are there and new enough.</summary>
    /// <param name="set">The set.</param>
    /// <param name="cancellationToken">Ends the question.</param>
    /// <returns>A task.</returns>
    /// <exception cref="OpsException"><c>Backup.ToolMissing</c>, <c>Backup.ToolTooOld</c>, <c>Backup.FormatNotRestorable</c>.</exception>
    Task RequireProgramsAsync(BackupSet set, CancellationToken cancellationToken);

    /// <summary>Room that one more database needs where the server keeps its data, and what there is.</summary>
    /// <param name="live">The database that was backed up; null when the stack does not say.</param>
    /// <param name="least">It needs as much in any case: the size of the set.</param>
    /// <param name="cancellationToken">Ends the question.</param>
    /// <returns>The need.</returns>
    Task<SpaceNeed> ReadSpaceAsync(string? live, long least, CancellationToken cancellationToken);

    /// <summary>Databases that a command made and did not live to finish. Those of commands that still run are not among them.</summary>
    /// <param name="prefix">What their names begin with.</param>
    /// <param name="marked">Only those with a mark: others with such names are finished.</param>
    /// <param name="cancellationToken">Ends the question.</param>
    /// <returns>Their names.</returns>
    Task<IReadOnlyList<string>> FindLeftAsync(string prefix, bool marked, CancellationToken cancellationToken);

    /// <summary>Makes an empty database that is ours as long as this connection lives.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="like">A database whose encoding and locale it gets, and its owner if it is to stay, if there is one of that name.</param>
    /// <param name="mark">It is to stay, and is marked as unfinished until <see cref="FinishAsync"/>.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>A task.</returns>
    Task CreateAsync(string name, string? like, bool mark, CancellationToken cancellationToken);

    /// <summary>A database that was made to stay is finished: it loses its mark and its lock.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>A task.</returns>
    Task FinishAsync(string name, CancellationToken cancellationToken);

    /// <summary>Loads a set, stopping at the first error. The content is read once, and its checksums with it.</summary>
    /// <param name="set">The set.</param>
    /// <param name="check">Reads the set.</param>
    /// <param name="name">The database that was made for it.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellationToken">Ends the loading.</param>
    /// <returns>A task.</returns>
    /// <exception cref="OpsException"><c>Backup.LoadFailed</c>, <c>Backup.Damaged</c>, <c>Backup.Incomplete</c>.</exception>
    Task LoadAsync(BackupSet set, SetCheck check, string name, LoadOptions options, CancellationToken cancellationToken);

    /// <summary>Counts the rows of every table.</summary>
    /// <param name="name">The database.</param>
    /// <param name="cancellationToken">Ends the counting.</param>
    /// <returns>The tables; of partitioned ones their partitions.</returns>
    Task<IReadOnlyList<ManifestTable>> CountAsync(string name, CancellationToken cancellationToken);

    /// <summary>Counts the rows of something that is not among those: a partitioned table, a view.</summary>
    /// <param name="name">The database.</param>
    /// <param name="table">Its name.</param>
    /// <param name="cancellationToken">Ends the counting.</param>
    /// <returns>The rows; null when there is no such thing.</returns>
    Task<long?> CountAsync(string name, ManifestTable table, CancellationToken cancellationToken);

    /// <summary>Looks whether the server has run on since it was opened. One that failed meanwhile may have lost rows that were not logged, and what was found says nothing.</summary>
    /// <param name="cancellationToken">Ends the question.</param>
    /// <returns>A task.</returns>
    /// <exception cref="OpsException">The connection has ended.</exception>
    Task RequireSameAsync(CancellationToken cancellationToken);

    /// <summary>Drops a database that was made here, with whoever is connected to it.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>A task.</returns>
    Task DropAsync(string name, CancellationToken cancellationToken);
}

/// <summary>How a set is loaded.</summary>
/// <param name="IsScratch">It is looked at and dropped: owners, grants and what connects to other servers are left out.</param>
internal sealed record LoadOptions(bool IsScratch)
{
    /// <summary>Tables of which the rows are wanted; empty for everything.</summary>
    public IReadOnlyList<string> Tables { get; init; } = [];

    /// <summary>So many connections load at once where the format allows; null for two.</summary>
    public int? Jobs { get; init; }

    /// <summary>Told how many bytes of the set were read.</summary>
    public Action<long>? Progress { get; init; }

    /// <summary>Name of the database whose part is wanted of a dump of several; null for the only one.</summary>
    public string? Database { get; init; }
}
