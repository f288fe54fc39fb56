namespace OpsRunbook;

/// <summary>How often one kind of record was logged.</summary>
public sealed class LogMeasurement
{
    /// <summary>Against the period before; null when none was compared.</summary>
    public LogChange? Change { get; init; }

    /// <summary>Number of records.</summary>
    public required long Count { get; init; }

    /// <summary>Share of all records that were counted, percent.</summary>
    public double Share { get; init; }

    /// <summary>The gravest level among them.</summary>
    public LogLevel Level { get; init; }

    /// <summary>What they have in common: the folded message, the level, the value of the field, or the minute (UTC).</summary>
    public required string Value { get; init; }

    /// <summary>The earliest of them, UTC; null when none has a time.</summary>
    public DateTime? FirstSeen { get; init; }

    /// <summary>The latest of them, UTC; null when none has a time.</summary>
    public DateTime? LastSeen { get; init; }

    /// <summary>Their number over the whole time, as a line of bars from the earliest to the latest record of all; empty when none has a time.</summary>
    public string Trend { get; init; } = string.Empty;

    /// <summary>The message of one of them as it was logged; the earliest where records have times.</summary>
    public string Example { get; init; } = string.Empty;

    /// <summary>Number in the period before, whatever its length; null when none was compared.</summary>
    public long? BaselineCount { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Count} × {Value}";
}
