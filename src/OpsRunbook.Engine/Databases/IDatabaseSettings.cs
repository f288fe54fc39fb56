namespace OpsRunbook.Engine.Databases;

/// <summary>The settings of a database server, seen and changed through one connection.</summary>
internal interface IDatabaseSettings : IAsyncDisposable
{
    /// <summary>What this changes is kept over a restart.</summary>
    bool IsPersistent { get; }

    /// <summary>Reads a setting.</summary>
    /// <param name="name">Its name, capital letters aside.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The setting.</returns>
    /// <exception cref="OpsException"><c>Db.SettingUnknown</c>.</exception>
    Task<DatabaseSetting> ReadAsync(string name, CancellationToken cancellationToken);

    /// <summary>The statement that sets a value, for a plan.</summary>
    /// <param name="setting">The setting.</param>
    /// <param name="value">The value; null for the default.</param>
    /// <returns>SQL.</returns>
    string Statement(DatabaseSetting setting, string? value);

    /// <summary>Sets a value and has the server take it up.</summary>
    /// <param name="setting">The setting.</param>
    /// <param name="value">The value; null for the default.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The setting as it is then.</returns>
    /// <exception cref="OpsException">The server does not take the value, or not from this user.</exception>
    Task<DatabaseSetting> SetAsync(DatabaseSetting setting, string? value, CancellationToken cancellationToken);
}
