using OpsRunbook.Engine.Safety;

namespace OpsRunbook.Engine.Tests.Safety;

public sealed class ChangeRunnerTests
{
    private static readonly Change Restart = new("Restart", "api", "app") { Before = new Dictionary<string, string?> { ["DB_PASSWORD"] = "hunter2", ["pid"] = "12" } };

    private readonly MemoryJournal _journal = new();
    private readonly RecordedOutput _output = new();

    [Fact]
    public async Task What_makes_room_on_a_full_disk_is_recorded_afterwards()
    {
        var output = new RecordedOutput();
        var journal = new MemoryJournal { Failure = Full };
        var changes = new ChangeRunner(output, journal, new ChangeOrigin("Clear-DiskSpace", "shop"));
        await changes.RunAsync(
            new Change("Remove", "/old", "local") { MakesRoom = true },
            _ =>
            {
                journal.Failure = null;
                return Task.FromResult(0);
            },
            _ => new ChangeResult(JournalOutcome.Succeeded),
            default);

        Assert.Equal([JournalPhase.Started, JournalPhase.Ended], journal.Records.Select(record => record.Phase));
        Assert.True(journal.Records[0].Time <= journal.Records[1].Time);
        Assert.Contains("recorded afterwards", Assert.Single(output.Warnings), StringComparison.Ordinal);
        await changes.CompleteAsync();
        Assert.Single(output.Warnings);
    }

    [Fact]
    public async Task What_could_not_be_recorded_in_the_end_is_said()
    {
        var output = new RecordedOutput();
        var journal = new MemoryJournal { Failure = Full };
        var changes = new ChangeRunner(output, journal, new ChangeOrigin("Clear-DiskSpace", "shop"));
        await changes.RunAsync(new Change("Remove", "/old", "local") { MakesRoom = true }, _ => Task.FromResult(0), _ => new ChangeResult(JournalOutcome.Succeeded), default);
        await changes.CompleteAsync();

        Assert.Contains("2 records of what was done are not in the journal, about: /old", output.Warnings[^1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, 13)]
    [InlineData(false, 28)]
    public async Task Any_other_change_and_any_other_failure_of_the_journal_is_refused(bool makesRoom, int cause)
    {
        var journal = new MemoryJournal { Failure = NotWritten(cause) };
        var changes = new ChangeRunner(new RecordedOutput(), journal, new ChangeOrigin("Clear-DiskSpace", "shop"));
        var change = new Change("Remove", "/old", "local") { MakesRoom = makesRoom };

        var error = await Assert.ThrowsAsync<OpsException>(() => changes.RunAsync<int>(change, _ => throw new InvalidOperationException("It was done."), _ => new ChangeResult(JournalOutcome.Succeeded), default));

        Assert.Equal("Guard.Journal", error.Id);
    }

    private static OpsException Full => NotWritten(28);

    private static OpsException NotWritten(int cause) => new("Journal.NotWritten", OpsErrorKind.OperationFailed, "It cannot be written.", null, null, new IOException("cause", cause));

    [Fact]
    public async Task A_change_is_recorded_before_and_after()
    {
        var result = await Runner("deploy of 1.2").RunAsync(
            Restart,
            _ =>
            {
                Assert.Equal(JournalPhase.Started, Assert.Single(_journal.Records).Phase);
                return Task.FromResult(7);
            },
            seven => new ChangeResult(JournalOutcome.Succeeded, $"done {seven}") { After = new Dictionary<string, string?> { ["pid"] = "13" } },
            default);

        Assert.Equal(7, result);
        var ended = _journal.Records[1];
        Assert.Equal(_journal.Records[0].ChangeId, ended.ChangeId);
        Assert.Equal((JournalPhase.Ended, JournalOutcome.Succeeded, "done 7", "deploy of 1.2"), (ended.Phase, ended.Outcome!.Value, ended.Message, ended.Reason));
        Assert.Equal("13", ended.After["pid"]);
        Assert.Equal(DateTimeKind.Utc, ended.Time.Kind);
    }

    [Fact]
    public async Task Secrets_never_reach_the_journal()
    {
        await Runner("password=hunter2 leaked").RunAsync(Restart, _ => Task.FromResult(0), _ => new ChangeResult(JournalOutcome.Failed, "postgres://u:hunter2@db refused"), default);

        Assert.Equal("***", _journal.Records[0].Before["DB_PASSWORD"]);
        Assert.DoesNotContain(_journal.Records, record => System.Text.Json.JsonSerializer.Serialize(record).Contains("hunter2", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(OpsErrorKind.OperationFailed, JournalOutcome.Failed)]
    [InlineData(OpsErrorKind.Connection, JournalOutcome.Unknown)]
    [InlineData(OpsErrorKind.Timeout, JournalOutcome.Unknown)]
    public async Task A_failure_is_recorded_and_a_lost_connection_is_no_known_failure(OpsErrorKind kind, JournalOutcome outcome)
    {
        var thrown = await Assert.ThrowsAsync<OpsException>(() => Runner().RunAsync<int>(Restart, _ => throw new OpsException("X.Y", kind, "broke"), _ => null!, default));

        Assert.Equal("X.Y", thrown.Id);
        Assert.Equal((outcome, "broke"), (_journal.Records[1].Outcome!.Value, _journal.Records[1].Message));
    }

    [Fact]
    public async Task An_interruption_is_recorded_as_unknown()
    {
        using var stop = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Runner().RunAsync(
            Restart,
            async token =>
            {
                await stop.CancelAsync();
                token.ThrowIfCancellationRequested();
                return 0;
            },
            _ => null!,
            stop.Token));

        Assert.Equal(JournalOutcome.Unknown, _journal.Records[1].Outcome);
    }

    [Fact]
    public async Task Without_a_journal_nothing_is_done_unless_forced()
    {
        _journal.Failure = new OpsException("Journal.NotWritten", OpsErrorKind.OperationFailed, "No space left on device.", "Free some.");
        var done = false;
        Task<int> Work(CancellationToken token)
        {
            done = true;
            return Task.FromResult(1);
        }

        var refused = await Assert.ThrowsAsync<OpsException>(() => Runner().RunAsync(Restart, Work, _ => new ChangeResult(JournalOutcome.Succeeded), default));
        Assert.Equal("Guard.Journal", refused.Id);
        Assert.False(done);

        await Runner("the disk is full", force: true).RunAsync(Restart, Work, _ => new ChangeResult(JournalOutcome.Succeeded), default);
        Assert.True(done);
        Assert.Equal(2, _output.Warnings.Count);
    }

    [Fact]
    public async Task What_if_emits_the_plan_asks_nothing_and_records_nothing()
    {
        var output = new RecordedOutput { IsWhatIf = true };
        var runner = new ChangeRunner(output, _journal, new ChangeOrigin("Restart-OpsService", "shop"));

        await runner.PlanAsync("Stop", "api", "app", "systemctl stop api", default);
        await runner.PlanAsync("Start", "api", "app", "systemctl start api", default);

        Assert.False(await runner.ConfirmAsync(Restart, default));
        Assert.Equal([(1, "Stop"), (2, "Start")], output.Items.Cast<OpsPlanStep>().Select(step => (step.Order, step.Action)));
        Assert.Empty(output.Questions);
        Assert.Empty(_journal.Records);
        await Assert.ThrowsAsync<InvalidOperationException>(() => runner.RunAsync(Restart, _ => Task.FromResult(0), _ => null!, default));
    }

    [Fact]
    public async Task A_guard_refuses_by_name_and_an_override_is_recorded()
    {
        var refused = Assert.Throws<OpsException>(() => Runner().Require("Drain", false, "api still serves 3 requests.", "Wait.", "api"));
        Assert.Equal(("Guard.Drain", OpsErrorKind.Refused), (refused.Id, refused.Kind));
        Assert.Contains("-Force -Reason", refused.FullMessage, StringComparison.Ordinal);

        var forced = Runner("customers wait", force: true);
        forced.Require("Drain", false, "api still serves 3 requests.", "Wait.");
        await forced.RunAsync(Restart, _ => Task.FromResult(0), _ => new ChangeResult(JournalOutcome.Succeeded), default);
        Assert.Equal(["Drain"], _journal.Records[0].Overridden);
        Assert.Contains("'Drain' is overridden", Assert.Single(_output.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Force_needs_a_reason() =>
        Assert.Equal("Guard.ReasonMissing", Assert.Throws<OpsException>(() => Runner(" ", force: true)).Id);

    private ChangeRunner Runner(string? reason = null, bool force = false) => new(_output, _journal, new ChangeOrigin("Restart-OpsService", "shop", reason, force));
}
