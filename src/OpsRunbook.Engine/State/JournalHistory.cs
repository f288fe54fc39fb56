namespace OpsRunbook.Engine.State;

/// <summary>Puts the records of a journal together to changes.</summary>
public static class JournalHistory
{
    /// <summary>Reads the changes.</summary>
    /// <param name="journal">The journal.</param>
    /// <param name="since">Begun at this time or later, UTC; null for any.</param>
    /// <param name="until">Begun before this time, UTC; null for any.</param>
    /// <param name="output">Takes an error for each record that cannot be read.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The changes in the order in which they were begun.</returns>
    public static async Task<IReadOnlyList<OpsJournalEntry>> ReadAsync(
        IJournal journal, DateTime? since, DateTime? until, IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(journal);
        var changes = new Dictionary<string, (JournalRecord Start, JournalRecord? End)>(StringComparer.Ordinal);
        await foreach (var record in journal.ReadAsync(output, cancellationToken))
        {
            if (record.Phase == JournalPhase.Started)
            {
                if ((since is null || record.Time >= since) && (until is null || record.Time < until))
                {
                    changes[record.ChangeId] = (record, null);
                }
            }
            else if (changes.TryGetValue(record.ChangeId, out var change))
            {
                changes[record.ChangeId] = (change.Start, record);
            }
        }

        return changes.Values.Select(change => Entry(change.Start, change.End)).OrderBy(change => change.Time).ThenBy(change => change.ChangeId, StringComparer.Ordinal).ToList();
    }

    private static OpsJournalEntry Entry(JournalRecord start, JournalRecord? end) => new()
    {
        Outcome = end?.Outcome ?? JournalOutcome.Unknown,
        Time = start.Time,

        // A clock that was set back in between must not give a negative time.
        Took = end is null ? null : end.Time > start.Time ? end.Time - start.Time : TimeSpan.Zero,
        ChangeId = start.ChangeId,
        Command = start.Command,
        Action = start.Action,
        Target = start.Target,
        Host = start.Host,
        Stack = start.Stack,
        Incident = start.Incident,
        Window = start.Window,
        User = start.User,
        Machine = start.Machine,
        Message = end is null ? "no end was recorded: the command still works, or was killed" : end.Message ?? string.Empty,
        Reason = start.Reason,
        Overridden = start.Overridden,
        Before = start.Before,
        After = end?.After ?? new Dictionary<string, string?>(),
    };
}
