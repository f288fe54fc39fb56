using OpsRunbook.Engine.Backups;
using OpsRunbook.Engine.Stacks;
using Xunit;

namespace OpsRunbook.Engine.Tests.Backups;

public sealed class BackupRetentionTests : IAsyncDisposable
{
    private readonly DateTime _now = DateTime.UtcNow;
    private readonly TestBackup _backup = new(new StackDatabase { Engine = DatabaseEngine.Postgres });

    public ValueTask DisposeAsync() => _backup.DisposeAsync();

    [Fact]
    public async Task Old_sets_go_and_the_plan_says_why_each_one_stays()
    {
        Sets((40, true), (30, false), (20, true), (10, true), (1, false));

        var plan = await PlanAsync(new RetentionRules { Keep = TimeSpan.FromDays(15), Minimum = 2 });

        Assert.Equal(
            ["Remove 1", "Remove 2", "Keep 3 it is one of the 2 newest verified sets", "Keep 4 it is the newest verified set", "Keep 5 it is the newest set"],
            plan.Select(decision => decision.Keep ? $"Keep {decision.Set.Sequence} {decision.Reason}" : $"Remove {decision.Set.Sequence}"));
    }

    [Fact]
    public async Task Days_weeks_and_months_keep_their_newest_set()
    {
        // Twice a day for 100 days, and all of them verified.
        Sets([.. Enumerable.Range(0, 200).Reverse().Select(half => (half / 2.0, true))]);

        var kept = (await PlanAsync(new RetentionRules { Daily = 7, Weekly = 4, Monthly = 12 })).Where(decision => decision.Keep).Select(decision => decision.Set).ToList();

        Assert.Equal(7, kept.Select(set => set.Ended.Date).Distinct().Count(day => _now.Date - day < TimeSpan.FromDays(7)));
        Assert.Equal(kept.Count, kept.DistinctBy(set => set.Ended.Date).Count());
        Assert.InRange(kept.Select(set => (set.Ended.Year, set.Ended.Month)).Distinct().Count(), 4, 5);
        Assert.InRange(kept.Count, 7 + 2 + 2, 7 + 4 + 5);
    }

    [Fact]
    public async Task A_clock_that_was_set_back_makes_no_old_set_new()
    {
        // The newest two by number say that they are a year old.
        Sets((3, true), (2, true), (366, true), (365, true));

        var plan = await PlanAsync(new RetentionRules { Count = 2 });

        Assert.Equal([3L, 4L], plan.Where(decision => decision.Keep).Select(decision => decision.Set.Sequence!.Value));
    }

    [Fact]
    public async Task What_failed_its_test_is_never_kept_in_the_place_of_a_good_set()
    {
        Sets((5, true), (4, true), (3, true));
        await (await _backup.SetsAsync())[2].RecordAsync(new BackupVerdict { Level = BackupLevel.Stream, Passed = false, At = _now, How = "cut" }, null, default);

        var plan = await PlanAsync(new RetentionRules { Count = 1 });

        Assert.Equal(2, plan.Single(decision => decision.Keep && decision.Reason == "it is the newest set").Set.Sequence);
        Assert.Equal([1L], plan.Where(decision => !decision.Keep).Select(decision => decision.Set.Sequence!.Value));
        Assert.Equal("no newer set is verified", plan[2].Reason);
    }

    [Fact]
    public async Task Too_few_verified_sets_or_too_old_ones_refuse_everything()
    {
        Sets((9, true), (8, false), (7, false));
        _backup.Definition.Retention = new StackRetention { Keep = TimeSpan.FromDays(1), Minimum = 2 };
        Assert.Equal("Guard.VerifiedBackups", (await Assert.ThrowsAsync<OpsException>(() => RemoveAsync())).Id);

        _backup.Definition.Retention.Minimum = 1;
        await (await _backup.SetsAsync())[1].RecordAsync(new BackupVerdict { Level = BackupLevel.Restore, Passed = true, At = _now, How = "restored" }, null, default);
        _backup.Definition.MaxAge = TimeSpan.FromHours(26);
        Assert.Equal("Guard.BackupAge", (await Assert.ThrowsAsync<OpsException>(() => RemoveAsync())).Id);

        _backup.Definition.MaxAge = TimeSpan.FromDays(30);
        Assert.Equal(3, (await _backup.SetsAsync()).Count);
        Assert.Equal(1, Assert.Single(await RemoveAsync()).Set[^1] - '0');
        Assert.Equal([2L, 3L], (await _backup.SetsAsync()).Select(set => set.Sequence!.Value));
    }

    [Fact]
    public async Task Nothing_outside_of_the_folder_and_nothing_unknown_is_touched()
    {
        var outside = Directory.CreateTempSubdirectory("opsrunbook-outside-");
        try
        {
            await File.WriteAllTextAsync(Path.Combine(outside.FullName, "app-1.sql"), "-- PostgreSQL database dump\n");
            Sets((9, true), (8, true), (7, true));
            _backup.Definition.Pattern = "*";
            Directory.CreateSymbolicLink(Path.Combine(_backup.Folder, "linked"), outside.FullName);
            File.CreateSymbolicLink(Path.Combine(_backup.Folder, "latest.sql"), Path.Combine(outside.FullName, "app-1.sql"));
            await File.WriteAllTextAsync(Path.Combine(_backup.Folder, "notes.txt"), "keep me");
            var before = Directory.EnumerateFileSystemEntries(_backup.Folder).Count();

            var removed = await RemoveAsync(new RetentionRules { Count = 1 }, "linked", "latest.sql", "notes.txt", "../" + outside.Name, "gone");

            Assert.Empty(removed);
            Assert.Equal(["Backup.NotRecognized", "Backup.NotRecognized", "Backup.NotRecognized", "Backup.SetNotFound", "Backup.SetNotFound"], _backup.Output.Errors.Select(error => error.Id).Order());
            await RemoveAsync(new RetentionRules { Count = 1 });
            Assert.Equal(before - 2 + 1, Directory.EnumerateFileSystemEntries(_backup.Folder).Count());
            Assert.True(File.Exists(Path.Combine(outside.FullName, "app-1.sql")));
        }
        finally
        {
            outside.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Leftovers_go_without_a_rule_and_those_of_a_running_backup_stay()
    {
        Sets((1, false));
        var leftover = Path.Combine(_backup.Folder, BackupName.Temporary(BackupName.Of("db", _now, 2)));
        Directory.CreateDirectory(Path.Combine(leftover, "shop.dir"));
        await using (await FolderLock.TakeAsync(_backup.Member.Folder, "db", default))
        {
            Assert.Equal(BackupState.Running, (await _backup.SetsAsync())[^1].State);
            Assert.Empty(await RemoveAsync());
        }

        Assert.Equal(HealthStatus.Warning, (await _backup.ListAsync())[^1].Status);
        Assert.Equal(BackupRemovalOutcome.Removed, Assert.Single(await RemoveAsync()).Outcome);
        Assert.False(Directory.Exists(leftover));
    }

    [Fact]
    public async Task A_chosen_set_goes_and_the_last_good_one_does_not()
    {
        Sets((3, true), (2, true), (1, true));
        var names = (await _backup.SetsAsync()).Select(set => set.Name).ToArray();

        var removed = await RemoveAsync(new RetentionRules(), names);

        Assert.Equal([BackupRemovalOutcome.Kept, BackupRemovalOutcome.Removed, BackupRemovalOutcome.Removed], removed.OrderByDescending(removal => removal.Ended).Select(removal => removal.Outcome));
    }

    [Fact]
    public async Task A_plan_changes_nothing()
    {
        Sets((9, true), (8, true), (7, true));
        _backup.Output = new RecordedOutput { IsWhatIf = true };

        await RemoveAsync(new RetentionRules { Count = 1 });

        Assert.Equal(["Remove", "Remove", "Keep"], _backup.Output.Items.Cast<OpsPlanStep>().Select(step => step.Action));
        Assert.Equal(3, (await _backup.SetsAsync()).Count);
    }

    [Fact]
    public async Task What_others_made_goes_with_what_was_recorded_about_it()
    {
        _backup.Definition.Pattern = "app-*.sql";
        foreach (var day in new[] { 3, 2, 1 })
        {
            var path = Path.Combine(_backup.Folder, $"app-{day}.sql");
            await File.WriteAllTextAsync(path, "-- PostgreSQL database dump\n");
            File.SetLastWriteTimeUtc(path, _now.AddDays(-day));
        }

        foreach (var set in await _backup.SetsAsync())
        {
            await set.RecordAsync(new BackupVerdict { Level = BackupLevel.Restore, Passed = true, At = _now, How = "restored" }, null, default);
        }

        Assert.Equal(["app-3.sql", "app-2.sql"], (await RemoveAsync(new RetentionRules { Count = 1 })).Select(removal => removal.Set));
        Assert.Equal([".opsrunbook-db.lock", "app-1.sql", "app-1.sql.manifest.json"], Directory.EnumerateFileSystemEntries(_backup.Folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Age_tests_and_missing_periods_are_findings_of_the_newest_set()
    {
        Sets((3, false), (2, false));
        _backup.Definition.MaxAge = TimeSpan.FromHours(26);
        _backup.Definition.TestEvery = TimeSpan.FromDays(30);
        _backup.Definition.Sets = ["daily", "monthly"];

        var newest = (await _backup.ListAsync(_now))[^1];

        Assert.Equal(HealthStatus.Critical, newest.Status);
        Assert.Contains("1d 2h is the limit", newest.Findings[0], StringComparison.Ordinal);
        Assert.Contains(newest.Findings, finding => finding.Contains("ever restored", StringComparison.Ordinal));
        Assert.Contains(newest.Findings, finding => finding.Contains("today or yesterday", StringComparison.Ordinal));
        Assert.Equal(HealthStatus.Healthy, (await _backup.ListAsync(_now))[0].Status);
    }

    [Fact]
    public async Task Health_tells_of_the_newest_set_and_of_a_folder_without_one()
    {
        var check = new BackupCheck("backup", "db");
        Assert.Equal((HealthStatus.Critical, "Backup.None"), await RunAsync());

        Sets((0.1, true));
        Assert.Equal((HealthStatus.Healthy, null), await RunAsync());

        _backup.Definition.MaxAge = TimeSpan.FromMinutes(5);
        Assert.Equal((HealthStatus.Critical, "Backup.NotWell"), await RunAsync());

        _backup.Definition.Directory += "/none";
        Assert.Equal((HealthStatus.Critical, "Backup.FolderNotFound"), await RunAsync());

        async Task<(HealthStatus, string?)> RunAsync()
        {
            var result = await check.RunAsync(_backup.Member.Session, default);
            return (result.Status, result.Reason);
        }
    }

    [Fact]
    public async Task The_guard_wants_a_set_that_was_restored_and_is_not_too_old()
    {
        Sets((2, true), (1, false));
        _backup.Definition.MaxAge = TimeSpan.FromHours(26);
        var error = await Assert.ThrowsAsync<OpsException>(() => AskAsync("shop"));
        Assert.Equal("Guard.Backup", error.Id);

        _backup.Definition.MaxAge = TimeSpan.FromDays(3);
        await AskAsync("shop");

        Assert.Empty(_backup.Output.Warnings);
        await AskAsync("other");
        Assert.Contains("'other'", Assert.Single(_backup.Output.Warnings), StringComparison.Ordinal);

        Task AskAsync(string name) => BackupGuard.RequireAsync(_backup.Member.Session, name, $"Repair in '{name}'", _backup.Changes(), _backup.Output, default);
    }

    private async Task<IReadOnlyList<RetentionDecision>> PlanAsync(RetentionRules rules) => new RetentionPlan(rules, _now).Decide(await _backup.SetsAsync());

    private async Task<IReadOnlyList<DbBackupRemoval>> RemoveAsync(RetentionRules? rules = null, params string[] chosen)
    {
        var before = _backup.Output.Items.Count;
        await new BackupRemover(_backup.Member, rules ?? RetentionRules.Of(_backup.Definition.Retention), _backup.Changes(), _backup.Output)
            .RunAsync(chosen.Length == 0 ? null : chosen.ToHashSet(StringComparer.Ordinal), default);
        return _backup.Output.Items.Skip(before).OfType<DbBackupRemoval>().ToList();
    }

    // From the oldest to the newest: how many days ago, and whether it was restored as a test.
    private void Sets(params (double DaysAgo, bool Verified)[] sets)
    {
        foreach (var (index, (daysAgo, verified)) in sets.Index())
        {
            var ended = _now.AddDays(-daysAgo);
            var name = BackupName.Of("db", ended, index + 1);
            var folder = Directory.CreateDirectory(Path.Combine(_backup.Folder, name)).FullName;
            File.WriteAllText(Path.Combine(folder, "shop.dump"), "PGDMP");
            var manifest = new BackupManifest
            {
                Name = "db",
                Sequence = index + 1,
                Ended = ended,
                Format = BackupFormat.PostgreSqlCustom,
                Files = [new ManifestFile { Path = "shop.dump", Bytes = 5 }],
                Verdicts = verified ? [new BackupVerdict { Level = BackupLevel.Restore, Passed = true, At = ended, How = "restored" }] : [],
            };
            File.WriteAllBytes(Path.Combine(folder, BackupManifest.FileName), manifest.ToBytes());
        }
    }
}
