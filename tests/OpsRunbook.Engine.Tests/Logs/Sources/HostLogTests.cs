using OpsRunbook.Engine.Logs;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Logs.Sources;

/// <summary>The journal and files of another machine, over SSH and through the Engine API.</summary>
public sealed class HostLogTests
{
    private const string Script = """
        echo "plain line"
        echo '{"level":50,"time":1,"msg":"from pino","reqId":"r-1"}'
        printf 'Error: boom\n    at first (a.js:1)\n    at second (b.js:2)\n'
        printf '<4>a warning by prefix\n'
        printf 'not \377 UTF-8 and \033[31mred\033[0m\n'
        echo "root from 1.2.3.4 port 22"
        """;

    private static int _names;

    [SkippableTheory]
    [InlineData("ssh")]
    [InlineData("container")]
    public async Task The_journal_of_a_unit_is_read_field_by_field(string way)
    {
        var machine = await Servers.SystemdHostAsync();
        var unit = await UnitAsync(machine, Script);
        var stack = await StackAsync(machine, way, unit);

        var records = (await MemberLog.ReadAsync(stack)).Where(record => record.Fields.GetValueOrDefault("_TRANSPORT") is "stdout").ToList();

        Assert.Equal(
            ["plain line", "from pino", "Error: boom\n    at first (a.js:1)\n    at second (b.js:2)", "a warning by prefix", "not \ufffd UTF-8 and \u001b[31mred\u001b[0m", "root from 1.2.3.4 port 22"],
            records.Select(record => record.Message));
        Assert.Equal([LogLevel.Unknown, LogLevel.Error, LogLevel.Error, LogLevel.Warning, LogLevel.Unknown, LogLevel.Unknown], records.Select(record => record.Level));
        Assert.All(records, record => Assert.Equal(("api", "machine", $"machine:journal:{unit}.service"), (record.Service, record.Host, record.SourceFile)));
        Assert.Equal("r-1", records[1].Fields["reqId"]);
        Assert.IsType<long>(records[0].Fields["_PID"]);
        Assert.Equal(unit + ".service", records[0].Fields["_SYSTEMD_UNIT"]);
        var time = Assert.IsType<DateTime>(records[0].Time);
        Assert.Equal(DateTimeKind.Utc, time.Kind);
        Assert.InRange(time, DateTime.UtcNow.AddMinutes(-10), DateTime.UtcNow.AddMinutes(1));
        Assert.Equal(records.OrderBy(record => record.Time), records);

        var newest = await MemberLog.ReadAsync(stack, new LogQuery { Last = 1, Match = "boom" });
        Assert.Equal(records[2].Message, Assert.Single(newest).Message);
        Assert.Empty(await MemberLog.ReadAsync(stack, new LogQuery { Until = time.AddHours(-1) }));
        Assert.Equal(records[^1].Message, (await MemberLog.ReadAsync(stack, new LogQuery { Since = records[^1].Time, Match = "root" })).Single().Message);
    }

    [SkippableFact]
    public async Task The_journal_is_followed_and_let_go()
    {
        var machine = await Servers.SystemdHostAsync();
        var unit = await UnitAsync(machine, "echo old");

        var records = await MemberLog.FollowAsync(
            await StackAsync(machine, "ssh", unit),
            (() => machine.ExecuteAsync($"systemctl restart {unit}"), "old"),
            (() => machine.ExecuteAsync($"printf '#!/bin/sh\\necho new\\n' > /opt/{unit}; systemctl restart {unit}"), "new"));

        Assert.Equal(1, records.Count(record => record.Message == "old"));
        Assert.DoesNotContain($"--unit={unit}", await machine.ExecuteAsync("sleep 1; ps -eo args"), StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData("ssh")]
    [InlineData("container")]
    public async Task Rotated_and_packed_files_are_read_in_order(string way)
    {
        var machine = await Servers.SystemdHostAsync();
        var folder = await FolderAsync(machine);
        await machine.ExecuteAsync($"""
            cd {folder}
            printf '2026-01-01T10:00:00Z ERROR first\n    at x\n' | gzip > app.log.2.gz
            printf '2026-01-01T11:00:00Z WARN second\n' > app.log.1
            printf '2026-01-01T12:00:00Z INFO third\n2026-01-01T13:00:00Z INFO fourth\n' > app.log
            printf '2026-01-01T09:00:00Z INFO cut\n%s\n' "$(head -c 200000 /dev/urandom | od -An -tx1 | tr -d '\n')" | gzip | head -c 60000 > cut.log.gz
            """);
        var stack = await StackAsync(machine, way, null, folder + "/app.log*");

        var records = await MemberLog.ReadAsync(stack);
        Assert.Equal(["first\n    at x", "second", "third", "fourth"], records.Select(record => record.Message));
        Assert.Equal(("machine", "api", $"machine:{folder}/app.log", 2L), (records[3].Host, records[3].Service, records[3].SourceFile, records[3].SourceLine));
        Assert.Equal(["third", "fourth"], (await MemberLog.ReadAsync(stack, new LogQuery { Last = 2 })).Select(record => record.Message));
        Assert.Equal(["second", "third"], (await MemberLog.ReadAsync(stack, new LogQuery { Since = At(11), Until = At(13) })).Select(record => record.Message));

        // The log alone, with what rotation made of it when the range reaches there.
        var alone = await StackAsync(machine, way, null, folder + "/app.log");
        Assert.Equal(["third", "fourth"], (await MemberLog.ReadAsync(alone)).Select(record => record.Message));
        Assert.Equal(["second", "third"], (await MemberLog.ReadAsync(alone, new LogQuery { Since = At(11), Until = At(13) })).Select(record => record.Message));

        var output = new RecordedOutput();
        var cut = await MemberLog.ReadAsync(await StackAsync(machine, way, null, folder + "/cut.log.gz", folder + "/none.log"), null, output);
        Assert.StartsWith("cut", cut[0].Message, StringComparison.Ordinal);
        Assert.Equal(["Log.FileDamaged", "Log.FileNotFound"], output.Errors.Select(error => error.Id).Order(StringComparer.Ordinal));

        static DateTime At(int hour) => new(2026, 1, 1, hour, 0, 0, DateTimeKind.Utc);
    }

    [SkippableFact]
    public async Task Of_a_large_file_only_the_wanted_part_comes_over()
    {
        var machine = await Servers.SystemdHostAsync();
        var folder = await FolderAsync(machine);
        await machine.ExecuteAsync($$"""
            awk 'BEGIN { for (i = 0; i < 200000; i++) printf "2026-01-%02dT%02d:%02d:%02dZ INFO line %d of a log that is not small\n", 1 + i / 86400, i / 3600 % 24, i / 60 % 60, i % 60, i }' > {{folder}}/big.log
            """);
        var stack = await StackAsync(machine, "ssh", null, folder + "/big.log");

        var part = await MemberLog.ReadAsync(stack, new LogQuery { Since = Moment(150_000), Until = Moment(150_100) });
        var newest = await MemberLog.ReadAsync(stack, new LogQuery { Last = 3, Match = "line [0-9]*7 of" });

        Assert.Equal(Enumerable.Range(150_000, 100).Select(i => $"line {i} of a log that is not small"), part.Select(record => record.Message));
        Assert.Equal(["199977", "199987", "199997"], newest.Select(record => record.Message.Split(' ')[1]));
        Assert.NotNull(part[0].SourceOffset);

        static DateTime Moment(int second) => new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddSeconds(second);
    }

    [SkippableTheory]
    [InlineData("ssh")]
    [InlineData("container")]
    public async Task A_file_is_followed_over_rotation_and_truncation(string way)
    {
        var machine = await Servers.SystemdHostAsync();
        var folder = await FolderAsync(machine);
        await machine.ExecuteAsync($"echo '2026-01-01T10:00:00Z INFO before and long enough to be cut' > {folder}/app.log");

        var records = await MemberLog.FollowAsync(
            await StackAsync(machine, way, null, folder + "/app.log"),
            (() => machine.ExecuteAsync($"echo '2026-01-01T10:00:01Z INFO appended' >> {folder}/app.log"), "appended"),
            (() => machine.ExecuteAsync($"cd {folder}; mv app.log app.log.1; echo '2026-01-01T10:00:02Z INFO rotated' > app.log"), "rotated"),
            (() => machine.ExecuteAsync($": > {folder}/app.log; sleep 2; echo '2026-01-01T10:00:03Z INFO cut' >> {folder}/app.log"), "cut"));

        Assert.Equal(["appended", "rotated", "cut"], records.Select(record => record.Message));
    }

    [SkippableFact]
    public async Task One_that_cannot_be_reached_does_not_end_the_others()
    {
        var machine = await Servers.SystemdHostAsync();
        var unit = await UnitAsync(machine, "echo here");
        var stack = await StackAsync(machine, "ssh", unit);
        stack.Hosts["gone"] = new StackHost { Ssh = $"nobody@127.0.0.1:{TestRun.FreePort()}" };
        stack.Services["other"] = new StackService { Manager = ServiceManagerKind.Systemd, Unit = "x", Host = "gone" };
        var output = new RecordedOutput();

        var records = await MemberLog.ReadAsync(stack, new LogQuery { Match = "^here$" }, output);

        Assert.Equal("api", Assert.Single(records).Service);
        Assert.StartsWith("Host.", Assert.Single(output.Errors).Id, StringComparison.Ordinal);
    }

    private static async Task<OpsStack> StackAsync(SystemdHost machine, string way, string? unit, params string[] files)
    {
        var stack = new OpsStack { Name = "test" };
        stack.Hosts["machine"] = await MemberLog.HostAsync(machine, way);
        stack.Services["api"] = new StackService { Manager = unit is null ? null : ServiceManagerKind.Systemd, Unit = unit is null ? null : unit + ".service", Host = "machine", Logs = [.. files] };
        return stack;
    }

    private static async Task<string> FolderAsync(SystemdHost machine)
    {
        var folder = $"/var/tmp/logs-{Environment.ProcessId}-{Interlocked.Increment(ref _names)}";
        await machine.ExecuteAsync("mkdir " + folder);
        return folder;
    }

    private static async Task<string> UnitAsync(SystemdHost machine, string script)
    {
        var unit = $"logs-{Environment.ProcessId}-{Interlocked.Increment(ref _names)}";
        await machine.ExecuteAsync($"cat > /opt/{unit}; chmod +x /opt/{unit}", "#!/bin/sh\n" + script.ReplaceLineEndings("\n") + "\n");
        await machine.ExecuteAsync(
            $"cat > /etc/systemd/system/{unit}.service; systemctl daemon-reload; systemctl start {unit}; journalctl --sync 2>/dev/null; sleep 1",
            $"[Service]\nType=oneshot\nExecStart=/opt/{unit}\n");
        return unit;
    }
}
