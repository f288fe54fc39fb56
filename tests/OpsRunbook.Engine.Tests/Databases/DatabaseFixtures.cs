using Npgsql;
using OpsRunbook.Engine.Databases;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Engine.State;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Databases;

/// <summary>What the tests of databases share.</summary>
internal static class DatabaseFixtures
{
    /// <summary>Names that break what pastes them into SQL, a shell or a terminal.</summary>
    public static readonly string[] HostileNames =
    [
        "we\"ird; drop table x;--", "it's `quoted` \\ $(id) $HOME", "Mixed Case", "a%s_b\\_c", "ünï 漢字 🙂", "-rf *", "tab\tand \u001b[31mred", "$1 :name @v ?",
    ];

    public static StackDatabase Of(PostgreSqlServer server, string? database = null) => new()
    {
        Engine = DatabaseEngine.Postgres,
        Server = "127.0.0.1",
        Port = server.Port,
        User = server.User,
        Password = SecretReference.Parse(server.Password),
        Database = database ?? server.Database,
        Timeout = TimeSpan.FromSeconds(20),
    };

    public static StackDatabase Of(MariaDbServer server, string? database = null) => new()
    {
        Engine = DatabaseEngine.MariaDb,
        Server = "127.0.0.1",
        Port = server.Port,
        User = server.User,
        Password = SecretReference.Parse(server.Password),
        Database = database ?? server.Database,
        Timeout = TimeSpan.FromSeconds(20),
    };

    public static DatabaseMember Member(StackSession session, StackDatabase database) =>
        new(session, "db", database) { Timeout = database.Timeout ?? DatabaseMember.DefaultTimeout };

    public static async Task<List<DbSession>> ListAsync(StackDatabase database, SessionFilter? filter = null, bool all = false, RecordedOutput? output = null)
    {
        output ??= new RecordedOutput();
        await using var session = new StackSession(new OpsStack());
        await new SessionLister(Member(session, database), filter ?? new SessionFilter(), all, output).RunAsync(default);
        return output.Items.OfType<DbSession>().ToList();
    }

    public static async Task<RecordedOutput> StopAsync(
        StackDatabase database, IEnumerable<SeenSession> seen, bool terminate = false, string? force = null, TimeSpan? wait = null, RecordedOutput? output = null)
    {
        output ??= new RecordedOutput();
        await using var session = new StackSession(new OpsStack());
        var changes = new ChangeRunner(output, new FileJournal(), new ChangeOrigin("Stop-DbSession", "shop", force, force is not null));
        var request = new SessionStopRequest(terminate || force is not null, force is not null, wait ?? TimeSpan.FromSeconds(10));
        await new SessionStopper(Member(session, database), request, changes, output).RunAsync([.. seen], default);
        return output;
    }

    public static SeenSession Seen(DbSession session) => new(session.Id, session.StartedAt, session.ServerStartedAt, session.StateSince) { OperationId = session.OperationId };

    public static async Task<NpgsqlConnection> ConnectAsync(PostgreSqlServer server, string application, string? database = null, string? user = null, string? password = null)
    {
        var settings = new NpgsqlConnectionStringBuilder(server.ConnectionStringOf(database ?? server.Database)) { ApplicationName = application, CommandTimeout = 0 };
        (settings.Username, settings.Password) = (user ?? settings.Username, password ?? settings.Password);
        var connection = new NpgsqlConnection(settings.ConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    public static async Task<object?> RunAsync(this NpgsqlConnection connection, string sql)
    {
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The SQL is the test's own.
        command.CommandText = sql;
#pragma warning restore CA2100
        return await command.ExecuteScalarAsync();
    }

    /// <summary>Waits until something is so.</summary>
    public static async Task<T> EventuallyAsync<T>(Func<Task<T?>> look)
        where T : class
    {
        var start = System.Diagnostics.Stopwatch.GetTimestamp();
        while (true)
        {
            if (await look() is { } found)
            {
                return found;
            }

            Assert.True(System.Diagnostics.Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(30), "It never came.");
            await Task.Delay(50);
        }
    }
}
