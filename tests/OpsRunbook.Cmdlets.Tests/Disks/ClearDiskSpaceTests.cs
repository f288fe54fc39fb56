using System.Diagnostics;
using System.Globalization;
using OpsRunbook.ConsoleRunner;
using OpsRunbook.Engine;
using OpsRunbook.Engine.State;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Cmdlets.Tests.Disks;

public sealed class ClearDiskSpaceTests
{
    private static readonly string Console = typeof(OpsRunbookConsole).Assembly.Location;

    private static readonly string[] Command =
    [
        "dotnet", "exec", "--runtimeconfig", Path.ChangeExtension(typeof(ClearDiskSpaceTests).Assembly.Location, ".runtimeconfig.json"),
        "--depsfile", Path.ChangeExtension(typeof(ClearDiskSpaceTests).Assembly.Location, ".deps.json"), Console, "Clear-DiskSpace",
    ];

    [SkippableFact]
    public async Task On_a_disk_so_full_that_nothing_can_be_recorded_the_safest_goes_first_and_is_recorded_afterwards()
    {
        Skip.If(!Tool.IsRoot || Tool.Find("unshare") is null, "This needs root and unshare.");
        var stack = Path.Combine(TestRun.NewFolder("stack"), "opsrunbook.yaml");
        await File.WriteAllTextAsync(stack, "stack: full\n");

        // A folder for temporary files of our own, which nobody else sees. The ballast is the younger of the two.
        const string script = """
            mount -t tmpfs -o size=16m opsrunbook-test /var/tmp || exit 9
            mkdir -m 700 /var/tmp/state
            head -c 3000000 /dev/zero > /var/tmp/old && touch -d '60 days ago' /var/tmp/old
            cat /dev/zero > /var/tmp/ballast 2>/dev/null
            OPSRUNBOOK_STATE=/var/tmp/state "$@"
            echo "exit $?"
            cat /var/tmp/state/journal.jsonl
            ls /var/tmp
            """;
        var run = await Tool.TryRunAsync(
            "unshare",
            ["-m", "sh", "-c", script, "sh", .. Command, "90%", "-Path", "/var/tmp", "-KeepTemporary", "0s", "-Category", "TemporaryFile", "-Stack", stack, "-OutputFormat", "NdJson", "-Confirm:false"]);
        Skip.If(run.ExitCode == 9, "Mounting is not allowed here.");

        Assert.Contains("exit 0", run.Output, StringComparison.Ordinal);
        Assert.Contains("recorded afterwards, because the disk of the journal is full", run.Error, StringComparison.Ordinal);
        var lines = run.Output.Split('\n');
        Assert.Contains(lines, line => line.Contains("\"Outcome\":\"Done\"", StringComparison.Ordinal) && line.Contains("/var/tmp/old", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains("\"TargetMet\":true", StringComparison.Ordinal));
        var records = lines.Where(line => line.Contains("\"changeId\"", StringComparison.Ordinal)).ToList();
        Assert.Equal(2, records.Count);
        Assert.Contains("\"phase\":\"Started\"", records[0], StringComparison.Ordinal);
        Assert.Contains("\"outcome\":\"Succeeded\"", records[1], StringComparison.Ordinal);
        Assert.Equal(["ballast", "state"], lines[^3..^1]);
    }

    [SkippableFact]
    public async Task After_a_kill_in_the_middle_the_journal_agrees_with_what_is_gone()
    {
        await using var disk = await Servers.NewSmallDiskAsync(64 << 20);
        var (logs, state) = (disk.Folder + "/logs", TestRun.NewFolder("state"));
        Directory.CreateDirectory(logs);
        var content = new byte[100_000];
        foreach (var number in Enumerable.Range(1, 400))
        {
            var file = string.Create(CultureInfo.InvariantCulture, $"{logs}/app.log.{number}");
            await File.WriteAllBytesAsync(file, content);
            File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddDays(-10 - number));
        }

        await File.WriteAllTextAsync(logs + "/app.log", "now\n");
        var stack = Path.Combine(TestRun.NewFolder("stack"), "opsrunbook.yaml");
        await File.WriteAllTextAsync(stack, $"stack: killed\nlogs: {{ app: {{ files: \"{logs}/*.log\" }} }}\n");
        var start = new ProcessStartInfo("dotnet", [.. Command[1..], "1%", "-Path", disk.Folder, "-MinSize", "1", "-Stack", stack, "-Category", "RotatedLog", "-OutputFormat", "NdJson", "-Confirm:false"])
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
            Environment = { ["OPSRUNBOOK_STATE"] = state },
        };
        using var process = Process.Start(start)!;
        var seen = new List<string>();
        while (seen.Count < 5 && await process.StandardOutput.ReadLineAsync() is { } line)
        {
            seen.Add(line);
        }

        process.Kill();
        await process.WaitForExitAsync();

        var changes = await JournalHistory.ReadAsync(new FileJournal(state), null, null, SilentOutput.Instance, default);
        var left = Directory.GetFiles(logs).ToHashSet(StringComparer.Ordinal);
        Assert.Equal(5, seen.Count);
        Assert.True(left.Count > 1, "It was killed too late.");
        Assert.All(changes.Where(change => change.Outcome == JournalOutcome.Succeeded), change => Assert.DoesNotContain(change.Target, left));

        // Of the one that was under way nobody knows, and the journal says so. Everything that is gone has a record.
        Assert.InRange(changes.Count(change => change.Outcome == JournalOutcome.Unknown), 0, 1);
        var gone = Enumerable.Range(1, 400).Select(number => string.Create(CultureInfo.InvariantCulture, $"{logs}/app.log.{number}")).Where(file => !left.Contains(file)).ToList();
        Assert.True(gone.Count >= 5);
        Assert.Empty(gone.Except(changes.Select(change => change.Target)));
    }

    [Fact]
    public void A_target_that_is_none_ends_the_call()
    {
        var sink = new TestSink();
        using var cmdlet = new ClearDiskSpaceCommand { Sink = sink, Stack = new OpsStack(), Target = "20GB" };
        cmdlet.RunBegin();
        cmdlet.RunProcess();

        Assert.Throws<TerminatedException>(cmdlet.RunEnd);
        Assert.Equal("Disk.TargetInvalid", Assert.Single(sink.Errors).Id);
    }
}
