namespace OpsRunbook;

/// <summary>A record of the journal: a change that the module was about to make, or how it ended.</summary>
public sealed class JournalRecord
{
    /// <summary>When it was written, UTC.</summary>
    public required DateTime Time { get; init; }

    /// <summary>Id of the change; its records share it. Ids sort by the time of the start.</summary>
    public required string ChangeId { get; init; }

    /// <summary>The change begins or has ended.</summary>
    public required JournalPhase Phase { get; init; }

    /// <summary>Cmdlet that makes the change.</summary>
    public required string Command { get; init; }

    /// <summary>What is done: <c>Restart</c>, <c>Set limit</c>.</summary>
    public required string Action { get; init; }

    /// <summary>Member of the stack, database, key pattern or file that it is done to.</summary>
    public required string Target { get; init; }

    /// <summary>Host on which it is done; <c>local</c> for the machine that <see cref="Machine"/> names.</summary>
    public required string Host { get; init; }

    /// <summary>Stack that the target belongs to; null when there is none.</summary>
    public string? Stack { get; init; }

    /// <summary>Id of the incident that was open; null for none.</summary>
    public string? Incident { get; init; }

    /// <summary>Id of the maintenance window that was open; null for none.</summary>
    public string? Window { get; init; }

    /// <summary>User who called the cmdlet.</summary>
    public required string User { get; init; }

    /// <summary>Machine on which the cmdlet ran.</summary>
    public required string Machine { get; init; }

    /// <summary>Process in which the cmdlet ran.</summary>
    public required int ProcessId { get; init; }

    /// <summary>How it ended; null at the start.</summary>
    public JournalOutcome? Outcome { get; init; }

    /// <summary>What there is to say about the outcome; null for nothing.</summary>
    public string? Message { get; init; }

    /// <summary>Reason that the operator gave; null when there was none.</summary>
    public string? Reason { get; init; }

    /// <summary>Guards that the operator overrode.</summary>
    public IReadOnlyList<string> Overridden { get; init; } = [];

    /// <summary>What was there before, by name; secrets as a fingerprint.</summary>
    public IReadOnlyDictionary<string, string?> Before { get; init; } = new Dictionary<string, string?>();

    /// <summary>What is there now, by name; secrets as a fingerprint. Empty at the start.</summary>
    public IReadOnlyDictionary<string, string?> After { get; init; } = new Dictionary<string, string?>();
}
