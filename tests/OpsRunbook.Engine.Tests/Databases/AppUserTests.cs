using OpsRunbook.Engine.Databases;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Databases;

public sealed class AppUserTests
{
    [SkippableFact]
    public async Task Exactly_one_user_is_changed_or_none()
    {
        var (postgres, maria) = (await Servers.PostgreSqlAsync(), await Servers.MariaDbAsync());
        var (first, second) = (await postgres.CreateDatabaseAsync(), await maria.CreateDatabaseAsync());
        const string Table = "CREATE TABLE users (username varchar(100), role varchar(100), is_active boolean NOT NULL DEFAULT true)";
        const string Rows = "INSERT INTO users (username, role) VALUES ('ann', 'user'), ('bob', 'user'), ('bob', 'user'), ('o''brien; drop table users;--', 'user')";
        await postgres.ExecuteAsync($"{Table}; {Rows}", first);
        await maria.ExecuteAsync($"{Table}; {Rows}", second);
        foreach (var database in new[] { new TestDatabase(postgres, first), new TestDatabase(maria, second) })
        {
            await using var own = database;
            database.Definition.AppUsers = new StackAppUsers
            {
                List = "SELECT username, role, is_active FROM users ORDER BY username",
                SetRole = "UPDATE users SET role = @role WHERE username = @user",
                Disable = "UPDATE users SET is_active = false WHERE username = @user",
            };
            var users = new AppUsers(database.Member, database.Output);
            await users.ChangeAsync(AppUserAction.SetRole, "ann", "admin", database.Changes(), default);
            await users.ChangeAsync(AppUserAction.SetRole, "o'brien; drop table users;--", "it's", database.Changes(), default);
            await users.ChangeAsync(AppUserAction.Disable, "ann", null, database.Changes(), default);
            foreach (var nobody in new[] { "bob", "nobody", "' OR 1=1 --" })
            {
                Assert.Equal("AppUser.NotChanged", (await Assert.ThrowsAsync<OpsException>(() => users.ChangeAsync(AppUserAction.SetRole, nobody, "admin", database.Changes(), default))).Id);
            }

            Assert.Equal("AppUser.NoStatement", (await Assert.ThrowsAsync<OpsException>(() => users.ChangeAsync(AppUserAction.Enable, "ann", null, database.Changes(), default))).Id);
            Assert.Equal(3, database.Output.Items.OfType<AppUserChange>().Count());
            await users.ListAsync(default);
            var rows = database.Output.Items.OfType<DbRow>().ToList();
            Assert.Equal(["admin", "user", "user", "it's"], rows.Select(row => row["role"]));
            Assert.True(rows[0]["is_active"] is false or "0" or 0 or 0L, $"{rows[0]["is_active"]}");
            Assert.Equal(3, database.Journal.Records.Count(record => record.Outcome == JournalOutcome.Succeeded));
            Assert.Equal(3, database.Journal.Records.Count(record => record.Outcome == JournalOutcome.Failed));
            Assert.Equal("user 'ann' of db", database.Journal.Records[0].Target);
        }
    }
}
