using OpsRunbook.Engine.Databases;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Engine.State;
using OpsRunbook.Fixtures;
using static OpsRunbook.Engine.Tests.Databases.DatabaseFixtures;

namespace OpsRunbook.Engine.Tests.Databases;

public sealed class DatabaseSettingTests
{
    [SkippableFact]
    public async Task PostgreSql_takes_up_what_a_reload_is_enough_for_and_gives_the_old_value_back()
    {
        await using var server = await Servers.NewPostgreSqlAsync();
        var change = await SetAsync(Of(server), "log_min_duration_statement", "200");
        Assert.Equal((HealthStatus.Healthy, "-1", "200ms", false), (change.Status, change.OldValue, change.EffectiveValue, change.RestartRequired));
        Assert.Null(change.OldPersistentValue);
        Assert.Equal("200ms", await server.ExecuteAsync("SHOW log_min_duration_statement"));

        var second = await SetAsync(Of(server), "LOG_MIN_DURATION_STATEMENT", "300");
        Assert.Equal("200", second.OldPersistentValue);
        await UndoAsync(Of(server), second);
        Assert.Equal("200ms", await server.ExecuteAsync("SHOW log_min_duration_statement"));
        await UndoAsync(Of(server), change);
        Assert.Equal("-1", await server.ExecuteAsync("SHOW log_min_duration_statement"));
        Assert.DoesNotContain("log_min_duration", await File.ReadAllTextAsync(Path.Combine(server.DataFolder, "postgresql.auto.conf")), StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task PostgreSql_says_what_needs_a_restart_and_what_the_command_line_overrides()
    {
        await using var server = await Servers.NewPostgreSqlAsync();
        var restart = await SetAsync(Of(server), "max_locks_per_transaction", "128");
        Assert.Equal((HealthStatus.Warning, true, "64"), (restart.Status, restart.RestartRequired, restart.EffectiveValue));
        await server.StopAsync();
        await server.StartAsync();
        Assert.Equal("128", await server.ExecuteAsync("SHOW max_locks_per_transaction"));

        // The fixture gives it on its command line.
        var overridden = await SetAsync(Of(server), "shared_buffers", "32MB");
        Assert.Equal((HealthStatus.Critical, "16MB"), (overridden.Status, overridden.EffectiveValue));
        Assert.Contains("command line", overridden.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task PostgreSql_starts_again_with_a_list_of_libraries()
    {
        await using var server = await Servers.NewPostgreSqlAsync();
        await SetAsync(Of(server), "session_preload_libraries", "auto_explain, pg_stat_statements");
        Assert.Contains("auto_explain, pg_stat_statements", await File.ReadAllTextAsync(Path.Combine(server.DataFolder, "postgresql.auto.conf")), StringComparison.Ordinal);

        // One text with a comma would be the name of one library, and nobody could log in any more.
        Assert.Equal(1, await server.ExecuteAsync("SELECT 1"));
    }

    [SkippableTheory]
    [InlineData("log_min_duration_statement", "abc", "Db.Failed")]
    [InlineData("no_such_setting", "1", "Db.SettingUnknown")]
    [InlineData("block_size", "1", "Db.SettingReadOnly")]
    [InlineData("max_connections", "1", "Guard.ConnectionsBelowUse")]
    [InlineData("primary_conninfo", "host=x password=hunter2", "Guard.PlainSecret")]
    public async Task PostgreSql_is_left_as_it_is_by_what_cannot_be_set(string name, string value, string id)
    {
        await using var server = await Servers.NewPostgreSqlAsync();
        await using var other = await ConnectAsync(server, "other");
        var error = await Assert.ThrowsAsync<OpsException>(() => SetAsync(Of(server), name, value));
        Assert.Equal(id, error.Id);
        Assert.DoesNotContain("hunter2", error.FullMessage, StringComparison.Ordinal);
        Assert.DoesNotContain(name, await File.ReadAllTextAsync(Path.Combine(server.DataFolder, "postgresql.auto.conf")), StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Values_that_look_like_sql_stay_values()
    {
        await using var server = await Servers.NewPostgreSqlAsync();

        // One of its own: what it is set to refuses the clients of others.
        await using var maria = await Servers.NewMariaDbAsync();
        foreach (var hostile in HostileNames.Where(name => !name.Any(char.IsControl) && name.EnumerateRunes().All(rune => rune.IsBmp)))
        {
            var change = await SetAsync(Of(server), "cluster_name", hostile.EnumerateRunes().All(rune => rune.IsAscii) ? hostile : "plain");
            Assert.True(change.RestartRequired);
            await SetAsync(Of(server), "search_path", $"\"{hostile.Replace("\"", string.Empty, StringComparison.Ordinal).Replace(",", string.Empty, StringComparison.Ordinal)}\"");
            await SetAsync(Of(maria), "init_connect", hostile);
            Assert.Equal(hostile, (await maria.ExecuteAsync("SELECT CONVERT(@@GLOBAL.init_connect USING utf8mb4)")).TrimEnd('\n').Replace("\\\\", "\\", StringComparison.Ordinal));
        }

        await SetAsync(Of(maria), "init_connect", string.Empty);
        Assert.Equal(1, await server.ExecuteAsync("SELECT 1"));
    }

    [SkippableFact]
    public async Task MariaDb_takes_it_up_until_its_next_start_and_gives_the_old_value_back()
    {
        await using var server = await Servers.NewMariaDbAsync();
        var change = await SetAsync(Of(server), "max_connections", "60");
        Assert.Equal((HealthStatus.Healthy, "60", false, false), (change.Status, change.EffectiveValue, change.IsPersistent, change.RestartRequired));
        Assert.Contains("next start", change.Message, StringComparison.Ordinal);
        Assert.Equal("60", (await server.ExecuteAsync("SELECT @@max_connections")).Trim());
        await UndoAsync(Of(server), change);
        Assert.Equal(change.OldValue, (await server.ExecuteAsync("SELECT @@max_connections")).Trim());

        var sessions = await SetAsync(Of(server), "long-query-time", "0.5");
        Assert.Contains("new sessions", sessions.Message, StringComparison.Ordinal);
        Assert.Equal("Db.SettingReadOnly", (await Assert.ThrowsAsync<OpsException>(() => SetAsync(Of(server), "performance_schema", "ON"))).Id);
        Assert.Equal("Db.SettingUnknown", (await Assert.ThrowsAsync<OpsException>(() => SetAsync(Of(server), "max_conections", "1"))).Id);
    }

    [SkippableFact]
    public async Task A_value_that_somebody_else_has_set_since_is_not_undone()
    {
        await using var server = await Servers.NewPostgreSqlAsync();
        var change = await SetAsync(Of(server), "work_mem", "8MB");
        await SetAsync(Of(server), "work_mem", "16MB");
        Assert.Equal("Guard.SettingMoved", (await Assert.ThrowsAsync<OpsException>(() => UndoAsync(Of(server), change))).Id);
        Assert.Equal("16MB", await server.ExecuteAsync("SHOW work_mem"));
    }

    [SkippableFact]
    public async Task What_a_killed_command_has_left_is_put_back_by_the_next_one()
    {
        await using var server = await Servers.NewPostgreSqlAsync();
        await using var maria = await Servers.NewMariaDbAsync();
        foreach (var (database, name, value, read) in new (StackDatabase, string, string, Func<Task<string>>)[]
        {
            (Of(server), "log_min_duration_statement", "200", async () => (string)(await server.ExecuteAsync("SHOW log_min_duration_statement"))!),
            (Of(maria), "long_query_time", "0.5", async () => (await maria.ExecuteAsync("SELECT @@GLOBAL.long_query_time")).Trim()),
        })
        {
            var output = new RecordedOutput();
            await using var session = new StackSession(new OpsStack { Name = "shop-" + Guid.NewGuid().ToString("N") });
            var member = Member(session, database);
            var changes = new ChangeRunner(output, new FileJournal(), new ChangeOrigin("Set-DbSlowQueryLog", "shop", null, false));
            var before = await read();
            await using (var temporary = await TemporarySettings.BeginAsync(member, TimeSpan.FromMilliseconds(1), default))
            {
                await new SettingSetter(member, changes, output, temporary).SetAsync([(name, value)], default);
                var during = await read();
                Assert.NotEqual(before, during);

                // Who has set it is still there.
                await FinishAsync();
                Assert.Equal((during, 0), (await read(), output.Warnings.Count));
                Assert.Equal("State.Locked", (await Assert.ThrowsAsync<OpsException>(() => TemporarySettings.BeginAsync(member, TimeSpan.FromSeconds(1), default))).Id);
            }

            // Without its end the lock alone is gone, as after a kill.
            await TemporarySettings.WarnAsync(member, output, default);
            Assert.Contains(name, Assert.Single(output.Warnings), StringComparison.Ordinal);
            await FinishAsync();
            Assert.Equal(before, await read());
            Assert.Contains("killed", output.Warnings[^1], StringComparison.Ordinal);
            await FinishAsync();
            await TemporarySettings.WarnAsync(member, output, default);
            Assert.Equal(2, output.Warnings.Count);

            Task FinishAsync() => TemporarySettings.FinishAsync(session, _ => member, changes, output, default);
        }
    }

    [SkippableFact]
    public async Task What_somebody_else_has_set_after_a_kill_stays_and_what_was_not_taken_is_not_remembered()
    {
        await using var server = await Servers.NewPostgreSqlAsync();
        var output = new RecordedOutput();
        await using var session = new StackSession(new OpsStack { Name = "shop-" + Guid.NewGuid().ToString("N") });
        var member = Member(session, Of(server));
        var changes = new ChangeRunner(output, new FileJournal(), new ChangeOrigin("Set-DbSlowQueryLog", "shop", null, false));
        await using (var temporary = await TemporarySettings.BeginAsync(member, TimeSpan.FromSeconds(1), default))
        {
            var setter = new SettingSetter(member, changes, output, temporary);
            await setter.SetAsync([("work_mem", "8MB")], default);
            await Assert.ThrowsAsync<OpsException>(() => setter.SetAsync([("log_min_duration_statement", "abc")], default));
        }

        await SetAsync(Of(server), "work_mem", "16MB");
        await TemporarySettings.FinishAsync(session, _ => member, changes, output, default);
        Assert.Equal("16MB", await server.ExecuteAsync("SHOW work_mem"));
        Assert.Contains("somebody else", Assert.Single(output.Warnings), StringComparison.Ordinal);
        await TemporarySettings.FinishAsync(session, _ => member, changes, output, default);
        Assert.Single(output.Warnings);
    }

    private static async Task<DbSettingChange> SetAsync(StackDatabase database, string name, string? value)
    {
        var output = new RecordedOutput();
        await using var session = new StackSession(new OpsStack());
        await Setter(session, database, output).SetAsync([(name, value)], default);
        return Assert.Single(output.Items.OfType<DbSettingChange>());
    }

    private static async Task UndoAsync(StackDatabase database, DbSettingChange change)
    {
        await using var session = new StackSession(new OpsStack());
        await Setter(session, database, new RecordedOutput()).UndoAsync(change, default);
    }

    private static SettingSetter Setter(StackSession session, StackDatabase database, RecordedOutput output) => new(
        Member(session, database), new ChangeRunner(output, new FileJournal(), new ChangeOrigin("Set-DbSetting", "shop", null, false)), output);
}
