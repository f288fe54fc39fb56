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

    private static JournalRecord Record(string target) => new()
    {
        Time = DateTime.UtcNow,
        ChangeId = "1",
        Phase = JournalPhase.Started,
        Command = "Test-Command",
        Action = "Restart",
        Target = target,
        Host = "local",
        User = "root",
        Machine = "here",
        ProcessId = 1,
    };
}
