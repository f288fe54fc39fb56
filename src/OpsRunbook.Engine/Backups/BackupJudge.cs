using System.Globalization;

namespace OpsRunbook.Engine.Backups;

/// <summary>Says what is to be thought of the sets of a backup.</summary>
/// <param name="member">The backup.</param>
/// <param name="now">The time, UTC.</param>
internal sealed class BackupJudge(BackupMember member, DateTime now)
{
    // Data grows and shrinks; a set of half or twice the size of the one before is worth a look.
    private const double SizeJump = 2;

    // A clock that is a little ahead on another machine is no finding.
    private static readonly TimeSpan ClockSlack = TimeSpan.FromMinutes(5);

    /// <summary>The sets with their findings.</summary>
    /// <param name="sets">What <see cref="BackupFolder.ListAsync"/> found, in its order.</param>
    /// <returns>One for each, in the same order.</returns>
    public IReadOnlyList<DbBackup> Judge(IReadOnlyList<BackupSet> sets)
    {
        var good = sets.Where(set => set.State == BackupState.Complete).ToList();
        var periods = BackupPeriods.Of(good);
        return sets.Select(set => Create(set, good, periods)).ToList();
    }

    /// <summary>What is wrong with the backup as a whole: no set, too old, untested, periods without a set.</summary>
    /// <param name="sets">The sets in their order.</param>
    /// <returns>Status and sentence of each finding.</returns>
    public IReadOnlyList<(HealthStatus Status, string Text)> JudgeWhole(IReadOnlyList<BackupSet> sets)
    {
        var good = sets.Where(set => set.State == BackupState.Complete).ToList();
        if (good.Count == 0)
        {
            return [(HealthStatus.Critical, "there is no backup")];
        }

        var findings = new List<(HealthStatus, string)>();
        var newest = good[^1];
        if (newest.LastVerdict is not { Passed: false } && member.Definition.MaxAge is { } limit && now - newest.Ended > limit)
        {
            findings.Add((HealthStatus.Critical, $"the newest set is {Duration.Format(now - newest.Ended)} old, and {Duration.Format(limit)} is the limit"));
        }

        if (member.Definition.TestEvery is { } every)
        {
            var tested = good.SelectMany(set => set.Manifest!.Verdicts).Where(verdict => verdict is { Level: BackupLevel.Restore, Passed: true }).Select(verdict => (DateTime?)verdict.At).Max();
            if (tested is null || now - tested > every)
            {
                findings.Add((HealthStatus.Warning, tested is null ? "no set was ever restored as a test" : $"the last restore as a test was {Duration.Format(now - tested.Value)} ago, and every {Duration.Format(every)} is due"));
            }
        }

        findings.AddRange(BackupPeriods.Missing(good, member.Definition.Sets, now).Select(missing => (HealthStatus.Warning, missing)));
        return findings;
    }

    /// <summary>What is wrong with the size of a set beside the good one before it; null for nothing.</summary>
    /// <param name="set">The set.</param>
    /// <param name="good">The complete sets in their order.</param>
    /// <returns>A sentence.</returns>
    public static string? Jump(BackupSet set, IReadOnlyList<BackupSet> good)
    {
        var index = good.ToList().FindIndex(other => other.Name == set.Name);
        var before = index < 1 ? null : good.Take(index).LastOrDefault(other =>
            other.LastVerdict is not { Passed: false } && other.Manifest!.Format == set.Manifest!.Format && other.Manifest.Compression == set.Manifest.Compression);
        return before is null || (set.Bytes <= before.Bytes * SizeJump && set.Bytes * SizeJump >= before.Bytes)
            ? null
            : $"it has {ByteSize.Format(set.Bytes)}, and the one before {ByteSize.Format(before.Bytes)}";
    }

    private DbBackup Create(BackupSet set, List<BackupSet> good, IReadOnlyDictionary<string, IReadOnlyList<string>> periods)
    {
        var findings = Findings(set, good).OrderByDescending(finding => finding.Status).ToList();
        var manifest = set.Manifest;
        var verified = set.State == BackupState.Complete ? set.Verified : null;
        return new DbBackup
        {
            Status = findings.Count > 0 ? findings[0].Status : set.State is BackupState.Running or BackupState.NotRecognized ? HealthStatus.Unknown : HealthStatus.Healthy,
            State = set.State,
            Name = member.Name,
            Set = set.Name,
            Engine = manifest?.Engine ?? BackupEngine.Unknown,
            Database = manifest?.Database,
            Format = manifest?.Format ?? BackupFormat.Unknown,
            Compression = manifest?.Compression ?? BackupCompression.None,
            Host = member.HostName,
            Directory = member.Definition.Directory,
            Path = set.Path,
            Sequence = set.Sequence,
            Started = manifest?.Started,
            Ended = manifest is null ? null : set.Ended,
            Age = manifest is null ? null : now - set.Ended,
            Bytes = set.Bytes,
            Files = set.Files.Count,
            Verified = verified?.Level,
            VerifiedAt = verified?.At,
            VerifiedHow = verified?.How,
            Periods = periods.GetValueOrDefault(set.Name) ?? [],
            ServerVersion = manifest?.ServerVersion,
            Tool = manifest?.Tool,
            CreatedBy = manifest?.CreatedBy,
            Findings = findings.Select(finding => finding.Text).ToList(),
            Message = findings.Count > 0 ? findings[0].Text : verified is null ? "never tested" : verified.How,
            Stack = member.Session.Stack.Name,
        };
    }

    private IEnumerable<(HealthStatus Status, string Text)> Findings(BackupSet set, List<BackupSet> good)
    {
        if (set.Problem is { } problem)
        {
            yield return (set.State switch
            {
                BackupState.Damaged => HealthStatus.Critical,
                BackupState.Interrupted => HealthStatus.Warning,
                _ => HealthStatus.Unknown,
            }, problem);
        }

        if (set.LastVerdict is { Passed: false } failed)
        {
            yield return (HealthStatus.Critical, string.Create(CultureInfo.InvariantCulture, $"its test ({failed.Level}) failed at {failed.At:yyyy-MM-dd HH:mm}: {failed.How}"));
        }

        if (set.State != BackupState.Complete)
        {
            yield break;
        }

        if (Jump(set, good) is { } jump)
        {
            yield return (HealthStatus.Warning, jump);
        }

        if (set.Ended > now + ClockSlack)
        {
            yield return (HealthStatus.Warning, "its end lies in the future: a clock was wrong then or is now");
        }

        if (set.Name == good[^1].Name)
        {
            foreach (var finding in JudgeWhole(good))
            {
                yield return finding;
            }
        }
    }
}
