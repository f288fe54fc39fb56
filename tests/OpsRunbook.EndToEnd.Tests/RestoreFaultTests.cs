using System.Diagnostics;
using Npgsql;

namespace OpsRunbook.EndToEnd.Tests;

/// <summary>Restores whose runner is killed: the database in use is as it was, or replaced as a whole, and the next run clears up.</summary>
public sealed class RestoreFaultTests
{
    private const long Rows = 120_000;

    [SkippableFact]
    public async Task A_restore_that_is_killed_at_any_moment_leaves_a_whole_database()
    {
        await using var run = await BackedUpAsync();
        var start = Stopwatch.GetTimestamp();
        await RequireCleanEndAsync(run, interrupted: false);
        var whole = Stopwatch.GetElapsedTime(start);

        foreach (var _ in Enumerable.Range(0, 6))
        {
            await LoseAsync(run);
            await run.StartAsync("Restore-Database", whole * Random.Shared.NextDouble(), "db", "-Confirm:false");
            Assert.Contains(await CountAsync(run, "SELECT count(*) FROM t", run.Database), new[] { 1, Rows });
        }

        await RequireCleanEndAsync(run, interrupted: await CountAsync(run, Copies(run)) > 0);
    }

    [SkippableTheory]
    [InlineData("the copy is made")]
    [InlineData("the copy is loaded")]
    [InlineData("the first rename waits")]
    [InlineData("the second rename waits")]
    [InlineData("all is renamed")]
    public async Task A_restore_that_is_killed_at_a_step_is_not_begun_or_done(string when)
    {
        await using var run = await BackedUpAsync();
        await LoseAsync(run);
        await using var other = new NpgsqlConnection(run.Server.ConnectionString);
        await other.OpenAsync();

        await run.StartAsync("Restore-Database", () => MomentAsync(run, when, other), "db", "-Confirm:false");

        // What waited goes on now, for nobody.
        await other.CloseAsync();
        await UntilAsync(run, $"SELECT (count(*) = 0)::int FROM pg_stat_activity WHERE datname LIKE '{run.Database}%' OR (query LIKE '%{run.Database}%' AND application_name = 'OpsRunbook' AND state <> 'idle')");
        var isDone = when == "all is renamed";
        Assert.Equal(isDone ? Rows : 1, await CountAsync(run, "SELECT count(*) FROM t", run.Database));
        Assert.Equal(isDone ? 0 : 1, await CountAsync(run, Copies(run)));
        await RequireCleanEndAsync(run, interrupted: !isDone);
    }

    private static async Task<BackupRun> BackedUpAsync()
    {
        var run = await BackupRun.CreateAsync((int)Rows);
        Assert.Equal(0, await run.StartAsync("Backup-Database"));
        return run;
    }

    private static async Task LoseAsync(BackupRun run) => await run.Server.ExecuteAsync("DELETE FROM t WHERE n > 1", run.Database);

    // Of what is to be waited for there is at most one at a time; a lock of ours holds the restore where it is too quick.
    private static async Task MomentAsync(BackupRun run, string when, NpgsqlConnection other)
    {
        var waits = $"SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'ALTER DATABASE \"{run.Database}%RENAME TO%'";
        switch (when)
        {
            case "the copy is made":
                await UntilAsync(run, Copies(run));
                break;
            case "the copy is loaded":
                await UntilAsync(run, $"SELECT count(*) FROM pg_stat_activity WHERE datname LIKE '{run.Database}\\_restore\\_%' AND query LIKE 'COPY%'");
                break;
            case "the first rename waits":
                await LockAsync(run.Database);
                await UntilAsync(run, waits);
                break;
            case "the second rename waits":
                await UntilAsync(run, $"SELECT count(*) FROM pg_stat_activity WHERE datname LIKE '{run.Database}\\_restore\\_%'");
                await LockAsync((string)(await run.Server.ExecuteAsync(Copies(run).Replace("count(*)", "min(datname)::text", StringComparison.Ordinal)))!);
                await UntilAsync(run, waits);
                break;
            default:
                await UntilAsync(run, $"SELECT count(*) FROM pg_database WHERE datname LIKE '{run.Database}\\_before\\_%'");
                break;
        }

        async Task LockAsync(string database)
        {
            await using var command = other.CreateCommand();
#pragma warning disable CA2100 // The SQL is the test's own.
            command.CommandText = $"BEGIN; COMMENT ON DATABASE \"{database}\" IS 'held'";
#pragma warning restore CA2100
            await command.ExecuteNonQueryAsync();
        }
    }

    private static string Copies(BackupRun run) => $"SELECT count(*) FROM pg_database WHERE datname LIKE '{run.Database}\\_restore\\_%'";

    private static async Task RequireCleanEndAsync(BackupRun run, bool interrupted)
    {
        await LoseAsync(run);
        Assert.True(await run.StartAsync("Restore-Database", (Func<Task>?)null, "db", "-Confirm:false") == 0, run.Said);
        Assert.Equal(interrupted, run.Said.Contains("the unfinished copy of a restore that was interrupted, was dropped", StringComparison.Ordinal));
        Assert.Equal(Rows, await CountAsync(run, "SELECT count(*) FROM t", run.Database));
        Assert.Equal(0, await CountAsync(run, Copies(run)));

        // What was there is kept and can be dropped, as the result says.
        var kept = (string)(await run.Server.ExecuteAsync($"SELECT string_agg(datname, ',') FROM pg_database WHERE datname LIKE '{run.Database}\\_before\\_%'"))!;
        foreach (var name in kept.Split(','))
        {
            await run.Server.ExecuteAsync($"DROP DATABASE \"{name}\"");
        }
    }

    private static async Task<long> CountAsync(BackupRun run, string sql, string? database = null) => (long)(await run.Server.ExecuteAsync(sql, database))!;

    private static async Task UntilAsync(BackupRun run, string sql)
    {
        await using var connection = new NpgsqlConnection(run.Server.ConnectionString);
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The SQL is the test's own.
        command.CommandText = sql;
#pragma warning restore CA2100
        var start = Stopwatch.GetTimestamp();
        while (Convert.ToInt64(await command.ExecuteScalarAsync(), System.Globalization.CultureInfo.InvariantCulture) == 0)
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(60), "It never came.");
            await Task.Delay(2);
        }
    }
}
