using System.Text.Json;
using Npgsql;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Cmdlets.Tests.Databases;

public sealed class DbCommandTests : CommandTest
{
    private const string Secret = "S3cret-of-the-App";
    [SkippableFact]
    public async Task What_is_found_is_reviewed_and_ended_by_the_pipeline()
    {
        var server = await Servers.PostgreSqlAsync();
        var name = await server.CreateDatabaseAsync();
        await WriteAsync("postgres", server.Port, server.User, server.Password, name);
        await using var idle = await ConnectAsync(server, name);

        var (_, found) = Run(["Get-DbSession", "-State", "Idle", "-Stack", StackFile, "-OutputFormat", "NdJson"]);
        Assert.Single(found.Trim().Split('\n'));
        var (code, stopped) = Run(["Stop-DbSession", "-", "-Stack", StackFile, "-Confirm:false", "-OutputFormat", "Json"], found);
        Assert.True(code == 0, Error.ToString());
        using var json = JsonDocument.Parse(stopped);
        Assert.Equal((idle.ProcessID, "Terminated"), (json.RootElement[0].GetProperty("Id").GetInt32(), json.RootElement[0].GetProperty("Outcome").GetString()));

        // The same objects again: the session is gone, and its number is nobody else's.
        Run(["Stop-DbSession", "-", "-Stack", StackFile, "-Confirm:false"], found);
        Assert.Contains("Db.SessionGone", Error.ToString(), StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Nothing_is_ended_or_set_unattended_under_what_if_or_without_a_reason()
    {
        var server = await Servers.PostgreSqlAsync();
        var name = await server.CreateDatabaseAsync();
        await WriteAsync("postgres", server.Port, server.User, server.Password, name);
        await using var idle = await ConnectAsync(server, name);
        var id = $"{idle.ProcessID}";
        var (_, plan) = Run(["Stop-DbSession", "-Id", id, "-Stack", StackFile, "-WhatIf", "-OutputFormat", "Json"]);
        Assert.Contains("end the connection", plan, StringComparison.Ordinal);
        (_, plan) = Run(["Set-DbSetting", "db", "work_mem", "8MB", "-Stack", StackFile, "-WhatIf", "-OutputFormat", "Json"]);
        Assert.Contains("ALTER SYSTEM SET", plan, StringComparison.Ordinal);
        Run(["Stop-DbSession", "-Id", id, "-Stack", StackFile]);
        Assert.Contains("Confirm.NotInteractive", Error.ToString(), StringComparison.Ordinal);
        Run(["Stop-DbSession", "-Id", id, "-Force", "-Stack", StackFile, "-Confirm:false"]);
        Assert.Contains("Guard.ReasonMissing", Error.ToString(), StringComparison.Ordinal);
        await File.AppendAllTextAsync(StackFile, "  other: { engine: postgres }\n");
        Run(["Stop-DbSession", "-Id", id, "-Stack", StackFile, "-Confirm:false"]);
        Assert.Contains("Db.NameMissing", Error.ToString(), StringComparison.Ordinal);
        await using var command = new NpgsqlCommand("SELECT 1", idle);
        Assert.Equal(1, await command.ExecuteScalarAsync());
    }

    [SkippableTheory]
    [InlineData("postgres")]
    [InlineData("mariadb")]
    public async Task Passwords_are_nowhere(string engine)
    {
        // Full logging of statements, all commands with -Verbose, every process looked at meanwhile.
        await using var postgres = engine == "postgres" ? await Servers.NewPostgreSqlAsync("log_statement=all", "log_connections=on") : null;
        await using var maria = engine == "mariadb" ? await Servers.NewMariaDbAsync("--general-log=1", "--general-log-file=general.log", "--performance-schema=ON") : null;
        if (postgres is not null)
        {
            await postgres.ExecuteAsync("SET log_statement = 'none'; CREATE ROLE app SUPERUSER LOGIN");
            await postgres.ExecuteAsync($"SET log_statement = 'none'; SET password_encryption = 'scram-sha-256'; ALTER ROLE app PASSWORD '{Secret}'");
            await File.WriteAllTextAsync(postgres.LogFile, string.Empty);
        }
        else
        {
            await maria!.ExecuteAsync($"SET SESSION sql_log_off = 1; CREATE USER app@'127.0.0.1' IDENTIFIED BY '{Secret}'; GRANT ALL ON *.* TO app@'127.0.0.1'");
        }

        var (port, log) = postgres is not null ? (postgres.Port, postgres.LogFile) : (maria!.Port, Path.Combine(maria.Folder, "data", "general.log"));
        await WriteAsync(engine, port, "app", Secret, engine == "postgres" ? "postgres" : "mysql");
        using var stop = new CancellationTokenSource();
        var watching = WatchProcesses(stop.Token);
        var output = new System.Text.StringBuilder();
        var setting = engine == "postgres" ? "log_lock_waits" : "max_connections";
        string[][] calls =
        [
            ["Test-DbConnection"], ["Get-DbStatus"], ["Get-DbSession", "-AllDatabases"], ["Get-DbSlowQuery", "-AllDatabases"],
            ["Set-DbSetting", "db", setting, engine == "postgres" ? "on" : "90"], ["Set-DbSlowQueryLog", "db", "500ms"], ["Set-DbSlowQueryLog", "db", "-Off"],
            ["Stop-DbSession", "db", "-Id", "999999"],
        ];
        foreach (var call in calls)
        {
            string[] confirm = call[0].StartsWith('S') ? ["-Confirm:false"] : [];
            var (_, text) = Run([.. call, .. confirm, "-Stack", StackFile, "-Verbose", "-OutputFormat", "Json"]);
            output.Append(text);
        }

        // A login that fails, by an address with the password in it.
        output.Append(Run(["Get-DbSession", "-Uri", $"{engine}://app:{Secret}x@127.0.0.1:{port}/nowhere", "-Timeout", "20s", "-Verbose"]).Output);
        await stop.CancelAsync();
        var (seen, looked) = await watching;
        Assert.True(looked > 50, "Hardly anything was looked at.");
        Assert.Empty(seen);
        Assert.Contains("\"Database\"", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("Db.LoginRefused", Error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, output + Error.ToString(), StringComparison.Ordinal);
        var journal = string.Concat(Directory.EnumerateFiles(Environment.GetEnvironmentVariable("OPSRUNBOOK_STATE")!, "*", SearchOption.AllDirectories).Select(ReadShared));
        Assert.Contains(setting, journal, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, journal, StringComparison.Ordinal);
        var logged = ReadShared(log);
        Assert.Contains(engine == "postgres" ? "pg_stat_activity" : "PROCESSLIST", logged, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(Secret, logged, StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData("Db.NotFound", "Get-DbStatus", "bd")]
    [InlineData("Db.UriInvalid", "Get-DbSession", "-Uri", "http://127.0.0.1")]
    [InlineData("Db.PatternInvalid", "Get-DbSession", "-Match", "(")]
    [InlineData("Db.PatternInvalid", "Get-DbSlowQuery", "-Match", "(")]
    [InlineData("Db.SettingUnknown", "Set-DbSetting", "db", "wrok_mem", "1", "-Confirm:false")]
    public async Task A_call_that_makes_no_sense_is_refused(string id, params string[] arguments)
    {
        var server = await Servers.PostgreSqlAsync();
        await WriteAsync("postgres", server.Port, server.User, server.Password, "postgres");
        await using var other = await ConnectAsync(server, "postgres");
        Run([.. arguments, "-Stack", StackFile]);
        Assert.Contains(id, Error.ToString(), StringComparison.Ordinal);
    }

    private static async Task<NpgsqlConnection> ConnectAsync(PostgreSqlServer server, string database)
    {
        var connection = new NpgsqlConnection(server.ConnectionStringOf(database));
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("SELECT 1", connection);
        await command.ExecuteScalarAsync();
        return connection;
    }

    private static Task<(List<string> Seen, int Looked)> WatchProcesses(CancellationToken stop) => Task.Run(() =>
    {
        var (seen, looked) = (new List<string>(), 0);
        var own = $"{Environment.ProcessId}";
        while (!stop.IsCancellationRequested)
        {
            foreach (var folder in Directory.EnumerateDirectories("/proc").Where(folder => char.IsAsciiDigit(folder[6]) && folder[6..] != own))
            {
                foreach (var file in new[] { "cmdline", "environ" })
                {
                    try
                    {
                        var text = File.ReadAllText(Path.Combine(folder, file));
                        looked++;
                        if (text.Contains(Secret, StringComparison.Ordinal))
                        {
                            seen.Add(text);
                        }
                    }
                    catch (Exception error) when (error is IOException or UnauthorizedAccessException)
                    {
                        // The process has ended meanwhile.
                    }
                }
            }
        }

        return (seen, looked);
    });

    private static string ReadShared(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    private Task WriteAsync(string engine, int port, string user, string password, string database) => File.WriteAllTextAsync(
        StackFile, $"stack: shop\ndatabases:\n  db: {{ engine: {engine}, server: 127.0.0.1, port: {port}, user: {user}, password: \"{password}\", database: {database}, timeout: 20s }}\n");
}
