namespace OpsRunbook.Engine.Logs;

/// <summary>Which records of a log are wanted. The same for every source.</summary>
public sealed record LogQuery
{
    /// <summary>Not older, UTC; null for no limit. A record without a time passes.</summary>
    public DateTime? Since { get; init; }

    /// <summary>Older than this, UTC; null for no limit. A record without a time passes.</summary>
    public DateTime? Until { get; init; }

    /// <summary>Zone of times that do not say theirs; null for the one of the machine that a file is on.</summary>
    public TimeZoneInfo? Zone { get; init; }

    /// <summary>Only so many, the newest; null for all.</summary>
    public int? Last { get; init; }

    /// <summary>This level or graver; null for all. A record that does not say its level does not pass.</summary>
    public LogLevel? Level { get; init; }

    /// <summary>Regular expression that the record must contain; null for none. In a file it is the text of its lines, elsewhere message and fields.</summary>
    public string? Match { get; init; }

    /// <summary>Regular expression that the record must not contain; null for none.</summary>
    public string? NotMatch { get; init; }

    /// <summary>Both expressions tell capital letters from small ones.</summary>
    public bool CaseSensitive { get; init; }

    /// <summary>The record must contain this as a whole word, in whatever field; null for none.</summary>
    public string? CorrelationId { get; init; }

    /// <summary>So many records before each wanted one are given too.</summary>
    public int ContextBefore { get; init; }

    /// <summary>So many records after each wanted one are given too.</summary>
    public int ContextAfter { get; init; }

    /// <summary>After what is there, goes on with what is written, until cancelled.</summary>
    public bool Follow { get; init; }

    /// <summary>Neighbours of the wanted records are given too.</summary>
    public bool HasContext => ContextBefore > 0 || ContextAfter > 0;
}
