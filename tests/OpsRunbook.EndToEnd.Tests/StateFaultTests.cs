using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace OpsRunbook.EndToEnd.Tests;

/// <summary>Processes that are killed, or meet, while they write state.</summary>
public sealed partial class StateFaultTests
{
    private const string Stack = "stack: shop\nseverities: { SEV1: { response: 5m } }\n";

    private readonly string _state = TestRun.NewFolder("state");

    private Dictionary<string, string> Environment => new() { ["OPSRUNBOOK_STATE"] = _state };

    [SkippableFact]
    public async Task Killed_at_any_call_that_writes_state_a_command_leaves_the_old_or_the_new()
    {
        Skip.If(Tool.Find("strace") is null, "There is no strace (package strace).");
        (await ConsoleRun.OfAsync(Stack, Environment, "Start-Incident", "Database connection lost", "SEV1")).AssertSucceeded();
        var trace = Path.Combine(TestRun.NewFolder("trace"), "calls");
        var traced = await ConsoleRun.UnderAsync(
            ["strace", "-f", "-y", "-e", "trace=openat,write,pwrite64,rename,fsync,ftruncate,unlink,mkdir", "-o", trace], Stack, Environment, "Add-IncidentEntry", "whole");
        Skip.If(!File.Exists(trace), $"Processes cannot be traced here: {traced.Error}");
        traced.AssertSucceeded();

        // A file that is opened to be made, written, flushed or renamed.
        var points = (await File.ReadAllLinesAsync(trace))
            .Where(line => line.Contains(_state, StringComparison.Ordinal) && (!line.Contains("openat(", StringComparison.Ordinal) || line.Contains("O_CREAT", StringComparison.Ordinal)))
            .Select(line => Call().Match(line))
            .Select(call => (Name: call.Groups["name"].Value, Path: call.Groups["path"].Value))
            .GroupBy(call => call)
            .SelectMany(group => Enumerable.Range(1, group.Count()).Select(number => (group.Key.Name, group.Key.Path, Number: number)))
            .ToList();
        Assert.Contains(points, point => point.Name == "rename");
        Assert.Contains(points, point => point is { Name: "pwrite64", Number: 2 } && point.Path.EndsWith("journal.jsonl", StringComparison.Ordinal));
        Assert.Contains(points, point => point.Name == "fsync" && point.Path.EndsWith("/incident", StringComparison.Ordinal));

        var expected = (await NotesAsync()).ToList();
        foreach (var (name, path, number) in points)
        {
            var text = string.Create(CultureInfo.InvariantCulture, $"killed at {name} {number} of {Path.GetFileName(path)}");
            var run = await ConsoleRun.UnderAsync(
                ["strace", "-f", "-P", path, "-e", "trace=" + name, "-e", string.Create(CultureInfo.InvariantCulture, $"inject={name}:signal=KILL:when={number}"), "-o", "/dev/null"],
                Stack,
                Environment,
                "Add-IncidentEntry",
                text);

            // The tracer counts the calls of each thread: a second call may be the first one of its thread, and then there is no such point.
            Assert.True(run.ExitCode != 0 || number > 1, $"{text}: was not killed");
            var notes = (await NotesAsync()).ToList();
            Assert.True(notes.SequenceEqual(expected) || notes.SequenceEqual(expected.Append(text)), $"{text}: {string.Join(", ", notes)}");
            expected = notes;
        }

        // Nobody has to repair anything.
        var after = await ConsoleRun.OfAsync(Stack, Environment, "Add-IncidentEntry", "after");
        after.AssertSucceeded();
        Assert.Equal(expected.Append("after"), await NotesAsync());
        var journal = await ConsoleRun.OfAsync(Stack, Environment, "Get-OpsJournal", "-OutputFormat", "Json");
        journal.AssertSucceeded();
        Assert.Empty(journal.Error);
        Assert.Empty(Directory.GetFiles(Path.Combine(_state, "incident"), ".*.new"));
    }

    [SkippableFact]
    public async Task Of_two_processes_that_begin_an_incident_one_does_and_the_other_is_told()
    {
        var server = await Servers.SshdAsync();
        string[] overSsh = ["ssh", "-F", server.ClientConfigFile, "server", "env", "OPSRUNBOOK_STATE=" + _state];
        for (var pair = 0; pair < 2; pair++)
        {
            var runs = await Task.WhenAll(((string[][])[[], overSsh]).Select(way => ConsoleRun.UnderAsync(way, Stack, Environment, "Start-Incident", "x", "SEV1")));

            var loser = Assert.Single(runs, run => run.ExitCode != 0);
            Assert.Matches("INC-[0-9]{8}-[0-9]{4}|is locked by .* \\(process [0-9]+\\)", loser.Error);
            (await ConsoleRun.OfAsync(Stack, Environment, "Stop-Incident")).AssertSucceeded();
        }

        Assert.Equal(2, Directory.GetFiles(Path.Combine(_state, "incident"), "*.json").Length);
    }

    [GeneratedRegex(@"^\d+\s+(?<name>\w+)\((?:AT_FDCWD(?:<[^>]*>)?, )?(?:\d+<(?<path>[^>]+)>|""(?<path>[^""]+)"")", RegexOptions.None, 1000)]
    private static partial Regex Call();

    private async Task<IEnumerable<string>> NotesAsync()
    {
        using var document = JsonDocument.Parse(await File.ReadAllTextAsync(Assert.Single(Directory.GetFiles(Path.Combine(_state, "incident"), "*.json"))));
        return [.. document.RootElement.GetProperty("content").GetProperty("notes").EnumerateArray().Select(note => note.GetProperty("text").GetString()!)];
    }
}
