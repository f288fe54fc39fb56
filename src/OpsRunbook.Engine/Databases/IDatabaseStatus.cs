namespace OpsRunbook.Engine.Databases;

/// <summary>Reads the state of a database server of one engine.</summary>
internal interface IDatabaseStatus
{
    /// <summary>Connects and reads.</summary>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>What the server said.</returns>
    /// <exception cref="OpsException">The server cannot be reached, or does not let us in.</exception>
    Task<StatusReading> ReadAsync(CancellationToken cancellationToken);
}
