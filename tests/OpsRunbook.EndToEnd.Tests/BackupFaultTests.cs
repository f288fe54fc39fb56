using System.Diagnostics;

namespace OpsRunbook.EndToEnd.Tests;

/// <summary>Backups whose runner is killed: what has the name of a set is whole, whatever happened.</summary>
public sealed class BackupFaultTests
{
    [SkippableFact]
    public async Task A_run_that_is_killed_at_any_moment_leaves_no_false_set()
    {
        await using var run = await BackupRun.CreateAsync(rows: 60_000);
        var start = Stopwatch.GetTimestamp();
        Assert.Equal(0, await run.StartAsync("Backup-Database"));
        var whole = Stopwatch.GetElapsedTime(start);

        foreach (var _ in Enumerable.Range(0, 10))
        {
            await run.StartAsync("Backup-Database", killAfter: whole * Random.Shared.NextDouble());
            run.RequireWholeSets(atLeast: 1);
        }

        await run.RequireCleanEndAsync();
    }

    [SkippableTheory]
    [InlineData(1, "before")]
    [InlineData(1, "after")]
    [InlineData(2, "before")]
    [InlineData(2, "after")]
    public async Task A_run_that_is_killed_at_a_rename_leaves_no_false_set(int rename, string when)
    {
        await using var run = await BackupRun.CreateAsync(rows: 100);
        var real = (await Tool.RunAsync("sh", ["-c", "command -v mv"])).Trim();
        await run.AddProgramAsync("mv", $$"""
            #!/bin/sh
            n=$(($(cat "$MV_COUNT" 2>/dev/null || echo 0) + 1)); echo $n > "$MV_COUNT"
            if [ $n -eq {{rename}} ] && [ {{when}} = before ]; then kill -9 "$(cat "$MV_RUNNER")"; exit 1; fi
            {{real}} "$@" || exit
            if [ $n -eq {{rename}} ]; then kill -9 "$(cat "$MV_RUNNER")"; fi
            """);

        Assert.NotEqual(0, await run.StartAsync("Backup-Database"));

        // Only after the last rename is there a set.
        Assert.Equal(rename == 2 && when == "after" ? 1 : 0, run.RequireWholeSets(atLeast: 0));
        run.RemovePrograms();
        await run.RequireCleanEndAsync();
    }

    [SkippableFact]
    public async Task An_older_program_is_refused_before_anything_is_written()
    {
        await using var run = await BackupRun.CreateAsync(rows: 1);
        await run.AddProgramAsync("pg_dump", "#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.24'\n");

        Assert.NotEqual(0, await run.StartAsync("Backup-Database"));

        Assert.Contains("Backup.ToolTooOld", run.Said, StringComparison.Ordinal);
        Assert.Contains("pg_dump 9.6.24", run.Said, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(run.Folder));
    }

    [SkippableFact]
    public async Task A_set_is_sent_to_where_the_program_is_when_this_machine_has_none()
    {
        await using var run = await BackupRun.CreateAsync(rows: 1000, await Servers.SshdAsync());
        run.Hide(program => program.StartsWith("pg_", StringComparison.Ordinal) || program == "psql");
        Assert.True(await run.StartAsync("Backup-Database") == 0, run.Said);

        Assert.True(await run.StartAsync("Test-DbBackup", (TimeSpan?)null, "-Level", "Restore") == 0, run.Said);

        Assert.Contains("1 tables and 1000 rows", run.Said, StringComparison.Ordinal);
    }
}
