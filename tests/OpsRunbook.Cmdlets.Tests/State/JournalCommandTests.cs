using System.Text.Json;
using OpsRunbook.Engine.State;

namespace OpsRunbook.Cmdlets.Tests.State;

public sealed class JournalCommandTests : CommandTest
{
    [Fact]
    public async Task Changes_are_filtered_and_the_newest_come_last()
    {
        var target = "journal-test-" + Guid.NewGuid().ToString("N");
        var journal = new FileJournal();
        for (var i = 0; i < 3; i++)
        {
            await journal.AppendAsync(Record($"{target}-{i}", JournalPhase.Started, i), default);
            await journal.AppendAsync(Record($"{target}-{i}", JournalPhase.Ended, i), default);
        }

        Assert.Equal(["0", "1", "2"], Targets([target + "*"]));
        Assert.Equal(["2"], Targets([target + "*", "-Last", "1"]));
        Assert.Equal(["1"], Targets([target + "*", "-Outcome", "Failed"]));
        Assert.Equal(["0"], Targets([target + "*", "-Forced"]));
        Assert.Equal(["0", "1", "2"], Targets([target + "*", "-Command", "Stop-*", "-User", "an*", "-TargetHost", "web", "-StackName", "shop", "-Incident", "INC-1*", "-Window", "W-?", "-Since", "1h"]));
        Assert.Empty(Targets([target + "*", "-Until", "1h"]));
        Assert.Empty(Targets([target + "*", "-Incident", "INC-2"]));
        Assert.Empty(Targets([target + "*", "-Window", "W-22"]));
        var (_, table) = Run(["Get-OpsJournal", target + "*"]);
        Assert.All(table.Split('\n'), line => Assert.InRange(line.Length, 0, 120));
        Assert.DoesNotContain('\u001b', table);
        Assert.Contains("Restart", table, StringComparison.Ordinal);

        List<string> Targets(string[] arguments)
        {
            var (code, output) = Run(["Get-OpsJournal", .. arguments, "-OutputFormat", "Json"]);
            Assert.Equal(0, code);
            return output.Trim().Length == 0 ? [] : JsonDocument.Parse(output).RootElement.EnumerateArray().Select(change => change.GetProperty("Target").GetString()![^1..]).ToList();
        }
    }

    private static JournalRecord Record(string target, JournalPhase phase, int number) => new()
    {
        Time = DateTime.UtcNow,
        ChangeId = target,
        Phase = phase,
        Command = "Stop-OpsService",
        Action = "Restart\u001b[31m",
        Target = target,
        Host = "web",
        Stack = "shop",
        Incident = "INC-1",
        Window = "W-2",
        User = "anna",
        Machine = "here",
        ProcessId = 1,
        Overridden = number == 0 ? ["Drain"] : [],
        Outcome = phase == JournalPhase.Started ? null : number == 1 ? JournalOutcome.Failed : JournalOutcome.Succeeded,
    };
}
