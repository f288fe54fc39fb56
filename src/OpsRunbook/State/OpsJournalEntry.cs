namespace OpsRunbook;

/// <summary>A change that the module made, from its begin to its end.</summary>
public sealed class OpsJournalEntry
{
    /// <summary>How it ended. Unknown too when no end was recorded: the command still works, or was killed.</summary>
    public required JournalOutcome Outcome { get; init; }

    /// <summary>Begin, UTC.</summary>
    public required DateTime Time { get; init; }

    /// <summary>From the begin to the end; null when no end was recorded.</summary>
    public TimeSpan? Took { get; init; }

    /// <summary>Id of the change. Ids sort by the time of the start.</summary>
    public required string ChangeId { get; init; }

    /// <summary>Cmdlet that made it.</summary>
    public required string Command { get; init; }

    /// <summary>What was done.</summary>
    public required string Action { get; init; }

    /// <summary>To what.</summary>
    public required string Target { get; init; }

    /// <summary>On which host.</summary>
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

    /// <summary>What there is to say about the outcome; empty for nothing.</summary>
    public string Message { get; init; } = string.Empty;

    /// <summary>Reason that the operator gave; null when there was none.</summary>
    public string? Reason { get; init; }

    /// <summary>Guards that the operator overrode.</summary>
    public IReadOnlyList<string> Overridden { get; init; } = [];

    /// <summary>What was there before, by name; secrets as a fingerprint.</summary>
    public IReadOnlyDictionary<string, string?> Before { get; init; } = new Dictionary<string, string?>();

    /// <summary>What is there now, by name; secrets as a fingerprint.</summary>
    public IReadOnlyDictionary<string, string?> After { get; init; } = new Dictionary<string, string?>();

    /// <inheritdoc/>
    public override string ToString() => $"{Time:u} {Action} {Target}: {Outcome}";
}
