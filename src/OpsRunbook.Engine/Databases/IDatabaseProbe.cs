namespace OpsRunbook.Engine.Databases;

/// <summary>Asks a database server of one engine how it is.</summary>
internal interface IDatabaseProbe
{
    /// <summary>Connects, logs in where a login is configured, and reads.</summary>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>What the server said.</returns>
    /// <exception cref="OpsException">
    /// <c>Db.NameUnknown</c>, <c>Db.PortClosed</c>, <c>Db.Unreachable</c>, <c>Db.Timeout</c>, <c>Db.TlsRefused</c>, <c>Db.TlsNameMismatch</c>
    /// and the other TLS causes, <c>Db.LoginRefused</c>, <c>Db.DatabaseMissing</c>, <c>Db.TooManyConnections</c>, <c>Db.Starting</c>,
    /// <c>Db.ProtocolError</c>, <c>Db.Failed</c>.
    /// </exception>
    Task<DatabaseReading> ReadAsync(CancellationToken cancellationToken);
}
