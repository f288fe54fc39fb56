using System.Text.Json;
using OpsRunbook.Engine.State;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.State;

public sealed class FileJournalTests : IDisposable
{
    private readonly string _folder = Path.Combine(Directory.CreateTempSubdirectory("journal-").FullName, "state");

    private string Journal => Path.Combine(_folder, "journal.jsonl");

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_folder)!, recursive: true);

    [Fact]
    public async Task A_record_is_one_line_whatever_it_holds()
    {
        await new FileJournal(_folder).AppendAsync(Record("line\r\nfeed \u0085 \u2028 \u001b[31m"), default);

        var line = Assert.Single(await File.ReadAllLinesAsync(Journal));
        Assert.DoesNotContain('\u001b', line);
        Assert.Equal("line\r\nfeed \u0085 \u2028 \u001b[31m", JsonDocument.Parse(line).RootElement.GetProperty("target").GetString());
    }

    [Fact]
    public async Task Many_writers_at_once_lose_and_mix_nothing()
    {
        await Task.WhenAll(Enumerable.Range(0, 200).Select(i => Task.Run(() => new FileJournal(_folder).AppendAsync(Record($"target {i}"), default))));

        var targets = (await File.ReadAllLinesAsync(Journal)).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("target").GetString());
        Assert.Equal(Enumerable.Range(0, 200).Select(i => $"target {i}").Order(StringComparer.Ordinal), targets.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_line_that_a_crash_cut_spoils_no_other_one()
    {
        var journal = new FileJournal(_folder);
        await journal.AppendAsync(Record("first"), default);
        await File.AppendAllTextAsync(Journal, "{\"time\":\"2026-");

        await journal.AppendAsync(Record("second"), default);

        var lines = await File.ReadAllLinesAsync(Journal);
        Assert.Equal(3, lines.Length);
        Assert.Equal("second", JsonDocument.Parse(lines[2]).RootElement.GetProperty("target").GetString());
    }

    [Fact]
    public async Task Only_its_owner_reads_it()
    {
        await new FileJournal(_folder).AppendAsync(Record("x"), default);

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Journal));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_folder));
    }

    [SkippableFact]
    public async Task A_full_disk_is_said_and_leaves_no_half_line()
    {
        await using var disk = await Servers.NewSmallDiskAsync(1024 * 1024);
        var journal = new FileJournal(disk.Folder);
        await journal.AppendAsync(Record("first"), default);
        await disk.FillAsync(100).ContinueWith(_ => { }, TaskScheduler.Default);
        var file = Path.Combine(disk.Folder, "journal.jsonl");
        var large = new string('x', 8 * 1024);

        OpsException? error = null;
        for (var i = 0; error is null && i < 1000; i++)
        {
            error = await Xunit.Record.ExceptionAsync(() => journal.AppendAsync(Record(large), default)) as OpsException;
        }

        Assert.Equal("Journal.NotWritten", error?.Id);
        Assert.All(await File.ReadAllLinesAsync(file), line => JsonDocument.Parse(line).Dispose());
    }

    [Fact]
    public async Task Changes_are_read_from_begin_to_end_and_one_without_an_end_is_unknown()
    {
        var journal = new FileJournal(_folder);
        Assert.Empty(await JournalHistory.ReadAsync(journal, null, null, new RecordedOutput(), default));
        var start = new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc);
        await journal.AppendAsync(Record("a", start, "1"), default);
        await journal.AppendAsync(Record("b", start.AddSeconds(1), "2"), default);
        await journal.AppendAsync(Record("b", start.AddSeconds(4), "2", JournalOutcome.Reverted), default);
        await journal.AppendAsync(Record("set back", start.AddSeconds(9), "3"), default);
        await journal.AppendAsync(Record("set back", start.AddDays(-1), "3", JournalOutcome.Succeeded), default);

        var changes = await JournalHistory.ReadAsync(journal, start, start.AddMinutes(1), new RecordedOutput(), default);
        Assert.Equal(
            [("a", JournalOutcome.Unknown, null), ("b", JournalOutcome.Reverted, TimeSpan.FromSeconds(3)), ("set back", JournalOutcome.Succeeded, TimeSpan.Zero)],
            changes.Select(change => (change.Target, change.Outcome, change.Took)));
        Assert.Contains("no end was recorded", changes[0].Message, StringComparison.Ordinal);
        Assert.Equal("b", Assert.Single(await JournalHistory.ReadAsync(journal, start.AddSeconds(1), start.AddSeconds(2), new RecordedOutput(), default)).Target);
    }

    [Fact]
    public async Task What_is_no_record_is_an_error_with_its_line_and_the_others_are_read()
    {
        var journal = new FileJournal(_folder);
        await journal.AppendAsync(Record("first"), default);
        await File.AppendAllTextAsync(Journal, "{\"time\":\"2026-");
        await journal.AppendAsync(Record("second"), default);
        await File.AppendAllTextAsync(Journal, new string('\0', 20) + "\n");
        await journal.AppendAsync(Record("third"), default);
        await File.AppendAllTextAsync(Journal, "{\"ti");

        var output = new RecordedOutput();
        var targets = new List<string>();
        await foreach (var record in journal.ReadAsync(output, default))
        {
            targets.Add(record.Target);
        }

        Assert.Equal(["first", "second", "third"], targets);
        Assert.Equal(["Journal.Corrupt", "Journal.Corrupt"], output.Errors.Select(error => error.Id));
        Assert.Contains("Line 2", output.Errors[0].Message, StringComparison.Ordinal);
        Assert.Contains("Line 4", output.Errors[1].Message, StringComparison.Ordinal);
    }

    private static JournalRecord Record(string target, DateTime time, string change, JournalOutcome? outcome = null) => new()
    {
        Time = time,
        ChangeId = change,
        Phase = outcome is null ? JournalPhase.Started : JournalPhase.Ended,
        Command = "Test-Command",
        Action = "Restart",
        Target = target,
        Host = "local",
        User = "root",
        Machine = "here",
        ProcessId = 1,
        Outcome = outcome,
    };

    private static JournalRecord Record(string target) => Record(target, DateTime.UtcNow, "1");
}
