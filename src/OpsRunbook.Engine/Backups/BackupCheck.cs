using OpsRunbook.Engine.Health;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Backups;

/// <summary>A backup of a stack as a part of its health: age, size and tests of the newest set, and the periods that must have one.</summary>
/// <param name="name">Name of the check in its result.</param>
/// <param name="backup">Name of the backup.</param>
public sealed class BackupCheck(string name, string backup) : IHealthCheck
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public TimeSpan Timeout => Limit;

    /// <inheritdoc/>
    public async Task<CheckResult> RunAsync(StackSession session, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        var member = BackupMember.Select(session, [backup], null, SilentOutput.Instance).Single(found => found.Name == backup);
        IReadOnlyList<BackupSet> sets;
        try
        {
            sets = await member.Folder.ListAsync(cancellationToken);
        }
        catch (OpsException error) when (error.Id == "Backup.FolderNotFound")
        {
            return new CheckResult { Name = name, Status = HealthStatus.Critical, Message = error.Message, Reason = error.Id, Target = member.Definition.Directory };
        }
        catch (OpsException error)
        {
            return CheckResults.Unknown(name, error.Id, error.Message, member.Definition.Directory);
        }

        var judge = new BackupJudge(member, DateTime.UtcNow);
        var all = judge.Judge(sets);
        if (all.LastOrDefault(set => set.State == BackupState.Complete) is not { } newest)
        {
            return new CheckResult { Name = name, Status = HealthStatus.Critical, Message = "there is no backup", Reason = "Backup.None", Target = member.Definition.Directory };
        }

        var broken = all.LastOrDefault(set => set.State == BackupState.Damaged && !ReferenceEquals(set, newest));
        var status = newest.Status == HealthStatus.Healthy && broken is not null ? HealthStatus.Warning : newest.Status;
        return new CheckResult
        {
            Name = name,
            Status = status,
            Message = newest.Findings.Count > 0 ? $"{newest.Set}: {string.Join("; ", newest.Findings)}"
                : broken is not null ? $"{broken.Set} is damaged: {broken.Message}"
                : $"{newest.Set} is {Duration.Format(newest.Age!.Value)} old and has {ByteSize.Format(newest.Bytes)}; {(newest.IsVerified ? "restored as a test" : "not restored as a test")}",
            Reason = status == HealthStatus.Healthy ? null : "Backup.NotWell",
            Target = newest.Path,
            Measurements =
            [
                new Measurement("age", Math.Round(newest.Age!.Value.TotalSeconds), "s", null, member.Definition.MaxAge?.TotalSeconds),
                new Measurement("size", newest.Bytes, "B"),
                new Measurement("verified", all.Count(set => set.IsVerified)),
            ],
        };
    }
}
