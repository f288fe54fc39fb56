using OpsRunbook.Engine.Incidents;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.State;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Incidents;

public sealed class IncidentLogTests
{
    private static readonly DateTime Began = new(2026, 1, 23, 10, 30, 0, DateTimeKind.Utc);

    private readonly string _folder = TestRun.NewFolder("incidents");
    private readonly SetClock _clock = new() { Now = Began };
    private readonly OpsStack _stack = new()
    {
        Name = "npanel",
        Severities = { ["SEV1"] = new StackSeverity { Response = TimeSpan.Zero }, ["SEV2"] = new StackSeverity { Response = TimeSpan.FromMinutes(15) } },
        Incident = new StackIncident
        {
            Phases =
            [
                new StackIncidentPhase { Name = "acknowledge", From = TimeSpan.Zero, Until = TimeSpan.FromMinutes(5) },
                new StackIncidentPhase { Name = "assess", From = TimeSpan.FromMinutes(5), Until = TimeSpan.FromMinutes(15) },
                new StackIncidentPhase { Name = "communicate" },
                new StackIncidentPhase { Name = "post-mortem", From = TimeSpan.FromHours(24), Until = TimeSpan.FromHours(48) },
            ],
        },
    };

    private FileStateStore State => new(_folder);

    private IncidentLog Log => new(State, _stack, _clock);

    [Fact]
    public async Task An_incident_is_played_through_and_its_times_are_counted()
    {
        var id = await Log.StartAsync(
            new IncidentStart("Database connection lost", "sev1") { DetectedBy = "alert DatabaseDown", Service = ["mysql"], Impact = "Logins fail", ExpectedDuration = TimeSpan.FromMinutes(20) }, default);
        Assert.Equal("INC-20260123-1030", id);
        await AddAsync(2, new IncidentAddition("Acknowledged by on-call engineer") { Milestone = IncidentMilestone.Acknowledged });
        await AddAsync(5, new IncidentAddition("MySQL service crashed") { Milestone = IncidentMilestone.Identified });
        Assert.Equal(IncidentStatus.Identified, (await OneAsync(id)).Status);
        await AddAsync(12, new IncidentAddition("Service recovered") { Milestone = IncidentMilestone.Mitigated });
        await AddAsync(15, new IncidentAddition("All checks passing") { Resolved = true, RootCause = "OOM kill", Fix = "More memory", Prevention = "An alert", ActionItem = ["Add memory metric to dashboard"] });

        var incident = await OneAsync(id);
        Assert.Equal((IncidentStatus.Resolved, "SEV1", 2d, 12d, 15d), (
            incident.Status, incident.Severity, incident.TimeToAcknowledge!.Value.TotalMinutes, incident.TimeToMitigate!.Value.TotalMinutes, incident.TimeToResolve!.Value.TotalMinutes));
        Assert.Equal(
            [("10:30", IncidentEntryKind.Started), ("10:32", IncidentEntryKind.Progress), ("10:35", IncidentEntryKind.Progress), ("10:42", IncidentEntryKind.Progress), ("10:45", IncidentEntryKind.Resolved)],
            incident.Timeline.Select(entry => (entry.Time.ToString("HH:mm", System.Globalization.CultureInfo.InvariantCulture), entry.Kind)));
        Assert.Empty(await State.ListAsync("incident", onlyOpen: true, default));

        // The analysis is often written later; that moves no time.
        await AddAsync(600, new IncidentAddition(null) { Resolved = true, Prevention = "Two alerts" });
        incident = await OneAsync(id);
        Assert.Equal((15d, "Two alerts", "OOM kill", 5), (incident.TimeToResolve!.Value.TotalMinutes, incident.Prevention, incident.RootCause, incident.Timeline.Count));

        async Task AddAsync(int minute, IncidentAddition addition)
        {
            _clock.Now = Began.AddMinutes(minute);
            await Log.AddAsync(id, addition, default);
        }
    }

    [Fact]
    public async Task What_is_overdue_is_named_until_it_is_done()
    {
        var id = await Log.StartAsync(new IncidentStart("x", "SEV2"), default);
        Assert.Equal(["response Due", "acknowledge Due", "assess Later", "communicate Due", "post-mortem Later"], await PhasesAsync());

        _clock.Now = Began.AddMinutes(6);
        Assert.Equal(["response Due", "acknowledge Overdue", "assess Due", "communicate Due", "post-mortem Later"], await PhasesAsync());
        Assert.Equal(["acknowledge"], (await OneAsync(id)).Overdue);

        _clock.Now = Began.AddMinutes(20);
        await Log.AddAsync(id, new IncidentAddition("told") { IsUpdate = true, NextUpdate = Began.AddMinutes(30) }, default);
        await Log.AddAsync(id, new IncidentAddition(null) { Phase = ["ASSESS"] }, default);
        Assert.Equal(["response", "acknowledge"], (await OneAsync(id)).Overdue);
        _clock.Now = Began.AddMinutes(40);
        await Log.AddAsync(id, new IncidentAddition(null) { Milestone = IncidentMilestone.Acknowledged }, default);
        Assert.Equal(["update"], (await OneAsync(id)).Overdue);
        await Log.AddAsync(id, new IncidentAddition(null) { Resolved = true }, default);
        Assert.Empty((await OneAsync(id)).Overdue);

        _clock.Now = Began.AddHours(49);
        Assert.Equal(["post-mortem"], (await OneAsync(id)).Overdue);
        await Log.AddAsync(id, new IncidentAddition(null) { Phase = ["post-mortem"] }, default);
        Assert.Empty((await OneAsync(id)).Overdue);

        async Task<IEnumerable<string>> PhasesAsync() => (await OneAsync(id)).Phases.Select(phase => $"{phase.Name} {phase.State}");
    }

    [Theory]
    [InlineData(-365)]
    [InlineData(1)]
    public async Task A_clock_that_jumps_gives_no_negative_time(int days)
    {
        var id = await Log.StartAsync(new IncidentStart("x", "SEV1"), default);
        _clock.Now = Began.AddDays(days);
        await Log.AddAsync(id, new IncidentAddition("a") { Milestone = IncidentMilestone.Acknowledged }, default);
        _clock.Now = Began.AddMinutes(1);
        await Log.AddAsync(id, new IncidentAddition("b") { Resolved = true }, default);

        var incident = await OneAsync(id);
        Assert.All((TimeSpan?[])[incident.TimeToAcknowledge, incident.TimeToMitigate, incident.TimeToResolve, incident.Duration], time => Assert.True(time >= TimeSpan.Zero));
        Assert.All(incident.Timeline, entry => Assert.Equal(DateTimeKind.Utc, entry.Time.Kind));
        Assert.Equal(incident.Timeline.Select(entry => entry.Time), incident.Timeline.Select(entry => entry.Time).Order());
        Assert.Contains("Incident", IncidentReport.Write(incident, IncidentFormat.Html), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nonsense_is_refused_and_changes_nothing()
    {
        await RefusedAsync("Incident.SeverityUnknown", () => Log.StartAsync(new IncidentStart("x", "P1"), default));
        await RefusedAsync("Incident.TimeInFuture", () => Log.StartAsync(new IncidentStart("x", "SEV1") { At = Began.AddHours(1) }, default));
        await RefusedAsync("Incident.NoneOpen", () => Log.FindAsync(null, default));
        var id = await Log.StartAsync(new IncidentStart("x", "SEV1"), default);
        await RefusedAsync("Incident.Open", () => Log.StartAsync(new IncidentStart("y", "SEV1"), default));
        await RefusedAsync("Incident.NothingToAdd", () => Log.AddAsync(id, new IncidentAddition(" "), default));
        await RefusedAsync("Incident.PhaseUnknown", () => Log.AddAsync(id, new IncidentAddition("x") { Phase = ["lunch"] }, default));
        await RefusedAsync("Incident.SeverityUnknown", () => Log.AddAsync(id, new IncidentAddition("x") { Severity = "high" }, default));
        await RefusedAsync("Incident.NotFound", () => Log.AddAsync("INC-0", new IncidentAddition("x"), default));
        await RefusedAsync("Incident.NotFound", () => new IncidentLog(State, new OpsStack { Name = "other" }, _clock).AddAsync(id, new IncidentAddition("x"), default));
        await RefusedAsync("State.IdInvalid", () => Log.AddAsync("../x", new IncidentAddition("x"), default));
        Assert.Single((await OneAsync(id)).Timeline);

        static async Task RefusedAsync(string error, Func<Task> work) => Assert.Equal(error, (await Assert.ThrowsAsync<OpsException>(work)).Id);
    }

    [Fact]
    public async Task Of_many_who_begin_one_at_once_one_does_and_none_of_many_notes_is_lost()
    {
        var logs = Enumerable.Range(0, 20).Select(_ => Log).ToList();
        var ids = await Task.WhenAll(logs.Select(log => Task.Run(async () =>
        {
            try
            {
                return await log.StartAsync(new IncidentStart("x", "SEV1"), default);
            }
            catch (OpsException error) when (error.Id is "Incident.Open" or "State.Locked")
            {
                return null;
            }
        })));
        var id = Assert.Single(ids, id => id is not null)!;

        await Task.WhenAll(Enumerable.Range(0, 20).Select(number => Task.Run(() => Log.AddAsync(id, new IncidentAddition($"note {number}"), default))));
        Assert.Equal(21, (await OneAsync(id)).Timeline.Select(entry => entry.Text).Distinct().Count());
    }

    [Fact]
    public async Task Every_change_meanwhile_is_in_the_timeline_without_its_secrets()
    {
        await ChangeAsync("before");
        var id = await Log.StartAsync(new IncidentStart("x", "SEV1") { At = Began.AddMinutes(-1) }, default);
        await ChangeAsync("mysql://root:hunter2@db/shop");
        await Assert.ThrowsAsync<OpsException>(() => ChangeAsync("web", fails: true));
        await Log.AddAsync(id, new IncidentAddition("ran it with password=hunter2") { Resolved = true, RootCause = "token=hunter2" }, default);
        await ChangeAsync("after");

        var incident = await OneAsync(id);
        var changes = incident.Timeline.Where(entry => entry.Kind == IncidentEntryKind.Change).ToList();
        Assert.Equal([JournalOutcome.Succeeded, JournalOutcome.Failed], changes.Select(change => change.Outcome!.Value));
        Assert.Contains("it broke", changes[1].Text, StringComparison.Ordinal);
        var exported = IncidentReport.Write(incident, IncidentFormat.Markdown);
        Assert.Contains("Restart mysql://root:\\*", exported, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", exported, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", string.Concat(Directory.EnumerateFiles(_folder, "*", SearchOption.AllDirectories).Select(File.ReadAllText)), StringComparison.Ordinal);

        Task ChangeAsync(string target, bool fails = false) => new ChangeRunner(new RecordedOutput(), State, new ChangeOrigin("Restart-OpsService", "npanel")).RunAsync(
            new Change("Restart", target, "local"),
            _ => fails ? throw new OpsException("Service.Failed", OpsErrorKind.OperationFailed, "it broke") : Task.FromResult(0),
            _ => new ChangeResult(JournalOutcome.Succeeded, null),
            default);
    }

    [Fact]
    public async Task A_megabyte_of_anything_is_one_entry_and_harmless_in_every_document()
    {
        var id = await Log.StartAsync(new IncidentStart("<b>x</b>\n# y", "SEV1"), default);
        var text = "line\r\n- [ ] # <script>alert(1)</script> \u001b[31m\u0000 [a](javascript:b) & \u202e " + new string('x', 1_000_000);

        var entry = Assert.Single(await Log.AddAsync(id, new IncidentAddition(text), default));

        Assert.Equal(text, entry.Text);
        var incident = await OneAsync(id);
        Assert.Equal(2, incident.Timeline.Count);
        var markdown = IncidentReport.Write(incident, IncidentFormat.Markdown);
        var html = IncidentReport.Write(incident, IncidentFormat.Html);
        Assert.Single(markdown.Split('\n'), line => line.Contains("alert(1)", StringComparison.Ordinal) && line.StartsWith("- 10:30 - line", StringComparison.Ordinal));
        Assert.Contains(@"\[a\](javascript", markdown, StringComparison.Ordinal);
        Assert.All((string[])[markdown, html], document =>
        {
            Assert.DoesNotContain("<script", document, StringComparison.Ordinal);
            Assert.DoesNotContain("<b>", document, StringComparison.Ordinal);
            Assert.DoesNotContain(document, letter => (char.IsControl(letter) && letter != '\n') || letter == '\u202e');
        });
    }

    [SkippableFact]
    public async Task With_a_full_disk_nothing_is_begun()
    {
        await using var disk = await Servers.NewSmallDiskAsync(1024 * 1024);
        var state = new FileStateStore(disk.Folder);
        var log = new IncidentLog(state, _stack, _clock);
        var id = await log.StartAsync(new IncidentStart("x", "SEV1"), default);
        await disk.FillAsync(100).ContinueWith(_ => { }, TaskScheduler.Default);
        var large = new string('x', 64 * 1024);

        Assert.Equal("State.NotWritten", (await Assert.ThrowsAsync<OpsException>(() => log.AddAsync(id, new IncidentAddition(large), default))).Id);
        Assert.Equal("State.NotWritten", (await Assert.ThrowsAsync<OpsException>(() => state.LockAsync("window/npanel", "x", default))).Id);
        var acted = false;
        var changes = new ChangeRunner(new RecordedOutput(), state, new ChangeOrigin("Restart-OpsService", "npanel"));
        var error = await Assert.ThrowsAsync<OpsException>(() => changes.RunAsync(
            new Change("Restart", large, "local"), _ => Task.FromResult(acted = true), _ => new ChangeResult(JournalOutcome.Succeeded, null), default));
        Assert.Equal(("Guard.Journal", false), (error.Id, acted));

        File.Delete(Path.Combine(disk.Folder, "ballast"));
        Assert.Single((await log.GetAsync(_ => true, onlyOpen: true, new RecordedOutput(), default)).Single().Timeline);
        Assert.Single(await log.AddAsync(id, new IncidentAddition(large), default));
    }

    [Fact]
    public async Task The_update_is_the_template_filled()
    {
        var id = await Log.StartAsync(new IncidentStart("Database connection lost", "SEV1") { Impact = "Logins fail", Commander = "Anna" }, default);

        var update = IncidentUpdate.Write(await OneAsync(id), IncidentStatus.Identified, "MySQL is being restarted.", Began.AddMinutes(30));

        Assert.Equal("[SEV1] Database connection lost: Identified", update.Subject);
        Assert.Equal(
            "INCIDENT NOTIFICATION\n\nSeverity: SEV1\nStatus: Identified\nStart Time: 2026-01-23 10:30 UTC\nImpact: Logins fail\n\nCurrent Status:\nMySQL is being restarted.\n\n"
            + "Next Update:\n2026-01-23 11:00 UTC\n\nIncident Commander: Anna\n",
            update.Text);
    }

    private async Task<OpsIncident> OneAsync(string id) => Assert.Single(await Log.GetAsync(candidate => candidate == id, onlyOpen: false, new RecordedOutput(), default));

    private sealed class SetClock : TimeProvider
    {
        public DateTime Now { get; set; }

        public override DateTimeOffset GetUtcNow() => new(Now);
    }
}
