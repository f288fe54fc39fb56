using System.Globalization;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Safety;

namespace OpsRunbook.Engine.Backups;

/// <summary>Removes sets that no rule keeps.</summary>
/// <param name="member">The backup.</param>
/// <param name="rules">The rules.</param>
/// <param name="changes">The road for changes.</param>
/// <param name="output">Takes a <see cref="DbBackupRemoval"/> for each set that was to go.</param>
public sealed class BackupRemover(BackupMember member, RetentionRules rules, ChangeRunner changes, IOperationOutput output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromHours(1);

    // By its temporary name a set that is removed half is never taken for a whole one.
    private const string RemoveText = """
        set -eu
        if [ -n "$2" ]; then mv -- "$1" "$2"; else set -- "$1" "$1" "$3"; fi
        rm -rf -- "$2"
        if [ -n "${3:-}" ]; then rm -f -- "$3"; fi
        sync -- "${1%/*}" 2>/dev/null || :
        """;

    /// <summary>Does it.</summary>
    /// <param name="chosen">Names of sets that an operator has chosen; null to go by the rules.</param>
    /// <param name="cancellationToken">Ends it after the set that is being removed.</param>
    /// <returns>A task that ends with the last set.</returns>
    /// <exception cref="OpsException"><c>Guard.BackupAge</c>, <c>Guard.VerifiedBackups</c>, or the folder cannot be read.</exception>
    public async Task RunAsync(IReadOnlySet<string>? chosen, CancellationToken cancellationToken)
    {
        var folder = member.Folder;
        var now = DateTime.UtcNow;
        var sets = await folder.ListAsync(cancellationToken);
        foreach (var name in chosen ?? new HashSet<string>(StringComparer.Ordinal))
        {
            if (sets.FirstOrDefault(set => set.Name == name) is not { } set)
            {
                output.Error(new OpsException("Backup.SetNotFound", OpsErrorKind.NotFound, $"There is no set '{name}' of '{member.Name}' in {folder.Directory} on {folder.Host.Name}.", "List them with Get-DbBackup.", name));
            }
            else if (set.State is BackupState.NotRecognized or BackupState.Running)
            {
                output.Error(new OpsException(
                    "Backup.NotRecognized", OpsErrorKind.Refused, $"{set.Path} on {folder.Host.Name} is not removed: {set.Problem}.", "Only sets of the backup and leftovers of its runs are removed. Look at it yourself.", name));
            }
        }

        var plan = new RetentionPlan(rules, now).Decide(sets, chosen);
        var removing = plan.Where(decision => !decision.Keep).ToList();
        if (changes.IsWhatIf)
        {
            foreach (var decision in plan.Where(decision => decision.Set.State != BackupState.NotRecognized))
            {
                await changes.PlanAsync(decision.Keep ? "Keep" : "Remove", decision.Set.Name, member.HostName, $"{decision.Reason}; {ByteSize.Format(decision.Set.Bytes)}", cancellationToken);
            }
        }

        // After the plan, which is of use even where it would be refused.
        if (plan.Any(decision => decision.Wanted))
        {
            RequireGood(sets, now);
        }

        if (changes.IsWhatIf)
        {
            return;
        }

        await TellKeptAsync(plan, chosen, cancellationToken);
        if (removing.Count == 0)
        {
            return;
        }

        var what = string.Create(CultureInfo.InvariantCulture, $"Remove {removing.Count} sets ({ByteSize.Format(removing.Sum(decision => decision.Set.Bytes))})");
        if (await changes.ConfirmAsync(new Change(what, $"{member.Name} in {folder.Directory}", member.HostName), cancellationToken))
        {
            await using var holding = await FolderLock.TakeAsync(folder, member.Name, cancellationToken);
            foreach (var decision in removing)
            {
                await RemoveAsync(folder, decision, cancellationToken);
            }
        }
    }

    // What an operator has chosen and does not get is said; what a rule keeps is no news.
    private async Task TellKeptAsync(IReadOnlyList<RetentionDecision> plan, IReadOnlySet<string>? chosen, CancellationToken cancellationToken)
    {
        foreach (var decision in plan.Where(decision => decision.Keep && decision.Set.State is BackupState.Complete or BackupState.Damaged))
        {
            output.Verbose($"{decision.Set.Name} stays: {decision.Reason}.");
            if (decision.Keep && chosen?.Contains(decision.Set.Name) == true)
            {
                await WriteAsync(BackupRemovalOutcome.Kept, decision, decision.Reason, cancellationToken);
            }
        }
    }

    private void RequireGood(IReadOnlyList<BackupSet> sets, DateTime now)
    {
        var verified = sets.Where(set => set.IsVerified).ToList();
        var minimum = Math.Max(1, rules.Minimum);
        changes.Require(
            "VerifiedBackups",
            verified.Count >= minimum,
            string.Create(CultureInfo.InvariantCulture, $"'{member.Name}' has {verified.Count} sets that were restored as a test, and {minimum} must be left."),
            $"Run Test-DbBackup {member.Name} -Newest -Level Restore first.",
            member.Name);
        var age = now - (verified.Count > 0 ? verified[^1].Ended : null as DateTime?);
        changes.Require(
            "BackupAge",
            member.Definition.MaxAge is not { } limit || age <= limit,
            $"The newest set of '{member.Name}' that was restored as a test is {(age is { } value ? Duration.Format(value) : "none")} old, and {Duration.Format(member.Definition.MaxAge ?? default)} is the limit: the backups, or their tests, have stopped.",
            $"Run Backup-Database {member.Name} and Test-DbBackup {member.Name} -Newest -Level Restore first.",
            member.Name);
    }

    private async Task RemoveAsync(BackupFolder folder, RetentionDecision decision, CancellationToken cancellationToken)
    {
        var set = decision.Set;
        try
        {
            // What was looked at may have been written over, or tested, since. The lock that makes a leftover look like a running
            // backup is ours.
            var now = (await folder.ListAsync(cancellationToken)).FirstOrDefault(other => other.Name == set.Name);
            var state = now?.State == BackupState.Running ? BackupState.Interrupted : now?.State;
            if (now is null || (state, now.Bytes, now.Sequence, now.Ended, now.IsVerified) != (set.State, set.Bytes, set.Sequence, set.Ended, set.IsVerified))
            {
                throw new OpsException("Backup.SetChanged", OpsErrorKind.Refused, $"{set.Path} on {folder.Host.Name} is not what it was when it was looked at, and stays.", "Run the command again.", set.Name);
            }

            var isOurs = !set.IsForeign && set.State != BackupState.Interrupted;
            var temporary = isOurs ? folder.PathOf(BackupName.Temporary(set.Name)) : string.Empty;
            await changes.RunAsync(
                new Change("Remove backup", set.Path, member.HostName) { Before = new Dictionary<string, string?> { ["bytes"] = set.Bytes.ToString(CultureInfo.InvariantCulture), ["reason"] = decision.Reason } },
                token => folder.Host.RunAsync(new HostCommand("sh", "-c", RemoveText, "sh", set.Path, temporary, set.IsForeign ? set.ManifestPath : string.Empty) { Timeout = Patience }, token),
                result => result.Succeeded ? new ChangeResult(JournalOutcome.Succeeded) : throw HostErrors.FileFailed(folder.Host.Name, set.Path, result.Summary),
                cancellationToken);
            await WriteAsync(BackupRemovalOutcome.Removed, decision, decision.Reason, cancellationToken);
        }
        catch (OpsException error)
        {
            output.Error(error);
            await WriteAsync(BackupRemovalOutcome.Failed, decision, error.Message, cancellationToken);
        }
    }

    private ValueTask WriteAsync(BackupRemovalOutcome outcome, RetentionDecision decision, string reason, CancellationToken cancellationToken) => output.WriteAsync(
        new DbBackupRemoval
        {
            Outcome = outcome,
            Name = member.Name,
            Set = decision.Set.Name,
            Reason = reason,
            Ended = decision.Set.Manifest is null ? null : decision.Set.Ended,
            Bytes = decision.Set.Bytes,
            Host = member.HostName,
            Path = decision.Set.Path,
        },
        cancellationToken);
}
