namespace OpsRunbook;

/// <summary>A changed setting of a database server, with the way back: pipe it to <c>Set-DbSetting -Undo</c>.</summary>
public sealed class DbSettingChange
{
    /// <summary>Healthy when the value is in effect, Warning when that takes a restart or new sessions, Critical when the server uses another.</summary>
    public required HealthStatus Status { get; init; }

    /// <summary>Name of the database in the stack, or its address.</summary>
    public required string Database { get; init; }

    /// <summary>Kind of server.</summary>
    public required DatabaseEngine Engine { get; init; }

    /// <summary>Name of the setting.</summary>
    public required string Setting { get; init; }

    /// <summary>The value that was asked for; null for the default.</summary>
    public string? Value { get; init; }

    /// <summary>The value that the server used before.</summary>
    public string? OldValue { get; init; }

    /// <summary>The value that the server uses now; until a restart the old one.</summary>
    public string? EffectiveValue { get; init; }

    /// <summary>The value comes into effect only when the server is restarted.</summary>
    public required bool RestartRequired { get; init; }

    /// <summary>The value is kept over a restart.</summary>
    public required bool IsPersistent { get; init; }

    /// <summary>What the server's own file said before (<c>postgresql.auto.conf</c>); null when it said nothing.</summary>
    public string? OldPersistentValue { get; init; }

    /// <summary>What there is to say, in a sentence.</summary>
    public required string Message { get; init; }

    /// <summary>When it was changed, UTC.</summary>
    public DateTime ChangedAt { get; init; } = DateTime.UtcNow;

    /// <inheritdoc/>
    public override string ToString() => $"{Database} {Setting}: {Message}";
}
