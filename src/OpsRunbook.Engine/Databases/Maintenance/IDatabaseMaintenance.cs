namespace OpsRunbook.Engine.Databases;

/// <summary>Maintenance in one database of one engine, over sessions that stay open.</summary>
internal interface IDatabaseMaintenance : IAsyncDisposable
{
    /// <summary>What this engine can do.</summary>
    IReadOnlyList<DbMaintenanceOperation> Operations { get; }

    /// <summary>Reads the tables.</summary>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>All of them.</returns>
    Task<IReadOnlyList<DbTable>> ReadTablesAsync(CancellationToken cancellationToken);

    /// <summary>What an earlier run has left behind, one sentence each.</summary>
    /// <param name="tables">The tables that are looked at.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>Warnings.</returns>
    Task<IReadOnlyList<string>> FindLeftoversAsync(IReadOnlyList<DbTable> tables, CancellationToken cancellationToken);

    /// <summary>Why an operation makes no sense for a table.</summary>
    /// <param name="operation">The operation.</param>
    /// <param name="table">The table.</param>
    /// <returns>A refusal; null when it makes sense.</returns>
    OpsException? Refusal(DbMaintenanceOperation operation, DbTable table);

    /// <summary>The statement.</summary>
    /// <param name="operation">The operation.</param>
    /// <param name="table">The table.</param>
    /// <returns>SQL to show.</returns>
    string Statement(DbMaintenanceOperation operation, DbTable table);

    /// <summary>Room that an operation needs.</summary>
    /// <param name="operation">The operation.</param>
    /// <param name="table">The table.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The need; null for an operation that needs none.</returns>
    Task<SpaceNeed?> ReadSpaceAsync(DbMaintenanceOperation operation, DbTable table, CancellationToken cancellationToken);

    /// <summary>Takes the lock that keeps a second operator out, for as long as this is open.</summary>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>A task.</returns>
    /// <exception cref="OpsException"><c>Db.MaintenanceRunning</c>: somebody else has it, by name.</exception>
    Task LockAsync(CancellationToken cancellationToken);

    /// <summary>Does it.</summary>
    /// <param name="operation">The operation.</param>
    /// <param name="table">The table.</param>
    /// <param name="lockTimeout">Longest wait for somebody who holds the table.</param>
    /// <param name="progress">Told what it does and how far it is, in percent.</param>
    /// <param name="cancellationToken">Ends it, on the server too.</param>
    /// <returns>What the server has to say; empty for nothing.</returns>
    /// <exception cref="OpsException"><c>Db.TableLocked</c> with who holds it, <c>Db.TableNotFound</c>, or what the server says.</exception>
    Task<string> RunAsync(DbMaintenanceOperation operation, DbTable table, TimeSpan lockTimeout, Action<string, int?> progress, CancellationToken cancellationToken);

    /// <summary>Size of a table with its indexes.</summary>
    /// <param name="table">The table.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>Bytes; null when it is not known.</returns>
    Task<long?> ReadSizeAsync(DbTable table, CancellationToken cancellationToken);
}
