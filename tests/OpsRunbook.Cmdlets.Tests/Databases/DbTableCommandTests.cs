using System.Text;
using System.Text.Json;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Cmdlets.Tests.Databases;

public sealed class DbTableCommandTests : CommandTest
{
    [SkippableFact]
    public async Task Tables_are_found_reviewed_and_maintained_by_the_pipeline()
    {
        var name = await PrepareAsync();
        var (_, found) = Run(["Get-DbTable", "pg", "Orders*", "-Stack", StackFile, "-OutputFormat", "NdJson"]);
        Assert.Equal(2, found.Trim().Split('\n').Length);
        var (_, plan) = Run(["Invoke-DbMaintenance", "-", "-Operation", "VacuumFull", "-Stack", StackFile, "-WhatIf", "-OutputFormat", "Json"], found);
        Assert.Contains("VACUUM (FULL)", plan, StringComparison.Ordinal);
        var (code, done) = Run(["Invoke-DbMaintenance", "-", "-Operation", "Vacuum,Analyze", "-Stack", StackFile, "-Confirm:false", "-OutputFormat", "Json"], found);
        Assert.True(code == 0, Error.ToString());
        using var json = JsonDocument.Parse(done);
        Assert.Equal(4, json.RootElement.GetArrayLength());
        Assert.All(json.RootElement.EnumerateArray(), result => Assert.Equal("Succeeded", result.GetProperty("Outcome").GetString()));
        Assert.Equal(["Orders", "Orders \"2\""], json.RootElement.EnumerateArray().Select(result => result.GetProperty("Table").GetString()).Distinct().Order(StringComparer.Ordinal));

        Run(["Invoke-DbMaintenance", "pg", "-Operation", "Vacuum", "-Stack", StackFile]);
        Assert.Contains("Confirm.NotInteractive", Error.ToString(), StringComparison.Ordinal);
        Assert.Contains("never", (await (await Servers.PostgreSqlAsync()).ExecuteAsync("SELECT coalesce(last_vacuum::text, 'never') FROM pg_stat_user_tables WHERE relname = 'users'", name))!.ToString(), StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Rows_become_csv_and_json_in_the_order_of_their_columns()
    {
        await PrepareAsync();
        foreach (var database in new[] { "pg", "my" })
        {
            const string Query = "SELECT 2 AS z, 'a,\"b\"' AS y, NULL AS x, 1 AS z";
            Assert.Equal("z,y,x,z_2\r\n2,\"a,\"\"b\"\"\",,1\r\n", Run(["Invoke-DbQuery", database, Query, "-Stack", StackFile, "-OutputFormat", "Csv"]).Output);
            var (_, line) = Run(["Invoke-DbQuery", database, "SELECT @a AS a", "-Parameters", "@{ a = 'O''Brien' }", "-Stack", StackFile, "-OutputFormat", "NdJson"]);
            Assert.Equal("{\"a\":\"O'Brien\"}", line.Trim());
            Assert.Contains("y   : a,\"b\"", Run(["Invoke-DbQuery", database, Query, "-Stack", StackFile]).Output, StringComparison.Ordinal);
        }
    }

    [SkippableTheory]
    [InlineData("Db.SeveralStatements", "Invoke-DbQuery", "pg", "SELECT 1; SELECT 2")]
    [InlineData("Db.ParameterUnused", "Invoke-DbQuery", "pg", "SELECT 1", "-Parameters", "@{ a = 1 }")]
    [InlineData("Db.NameMissing", "Invoke-DbQuery", "-Query", "SELECT 1")]
    [InlineData("Db.NameMissing", "Invoke-DbMaintenance", "-Operation", "Vacuum", "-Confirm:false")]
    [InlineData("Db.OperationNotSupported", "Invoke-DbMaintenance", "my", "-Operation", "Vacuum", "-Confirm:false")]
    [InlineData("Db.OperationNotSupported", "Invoke-DbMaintenance", "pg", "-Operation", "Repair", "-Confirm:false")]
    [InlineData("Db.TableNotFound", "Get-DbTable", "pg", "nowhere")]
    [InlineData("Db.EngineNotSupported", "Get-DbIndex", "mongo")]
    [InlineData("Db.EngineNotSupported", "Invoke-DbMaintenance", "mongo", "-Operation", "Analyze", "-Confirm:false")]
    [InlineData("Db.EngineNotSupported", "Set-DbSetting", "mongo", "-Setting", "x", "-Value", "1", "-Confirm:false")]
    [InlineData("Db.EngineNotSupported", "Set-DbSlowQueryLog", "mongo", "-Threshold", "1s", "-Confirm:false")]
    [InlineData("Db.EngineNotSupported", "Invoke-DbQuery", "mongo", "SELECT 1")]
    [InlineData("AppUser.NoStatement", "Set-AppUser", "my")]
    [InlineData("Parameter.OutOfRange", "Get-DbIndex", "-MinimumAge", "0s")]
    [InlineData("Guard.ReasonMissing", "Invoke-DbMaintenance", "pg", "-Operation", "Vacuum", "-Force", "-Confirm:false")]
    public async Task A_call_that_makes_no_sense_is_refused(string id, params string[] arguments)
    {
        await PrepareAsync();
        Run([.. arguments, "-Stack", StackFile]);
        Assert.Contains(id, Error.ToString(), StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Users_are_listed_and_changed_by_the_statements_of_the_stack()
    {
        await PrepareAsync();
        Run(["Set-AppUser", "pg", "ann", "-Role", "admin", "-Stack", StackFile, "-Confirm:false"]);
        Run(["Set-AppUser", "pg", "nobody", "-Disable", "-Stack", StackFile, "-Confirm:false"]);
        Assert.Contains("AppUser.NotChanged", Error.ToString(), StringComparison.Ordinal);
        Assert.Equal("username,role,is_active\r\nann,admin,True\r\n", Run(["Set-AppUser", "pg", "-Stack", StackFile, "-OutputFormat", "Csv"]).Output);
    }

    [SkippableFact]
    public async Task No_command_shows_a_password_anywhere()
    {
        var state = Environment.GetEnvironmentVariable("OPSRUNBOOK_STATE");
        await using var postgres = await Servers.NewPostgreSqlAsync("log_statement=all");
        await using var maria = await Servers.NewMariaDbAsync("--general-log", "--general-log-file=general.log");
        await WriteStackAsync(postgres, await FillAsync(postgres), maria, await FillAsync(maria));
        using var stop = new CancellationTokenSource();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var watching = Task.Run(() => Watch([postgres.Password, maria.Password], seen, stop.Token));
        var output = new StringBuilder();
        string[][] calls =
        [
            ["Get-DbTable"], ["Get-DbIndex"], ["Invoke-DbMaintenance", "pg", "-Operation", "Vacuum,Analyze,VacuumFull,Reindex,RemoveInvalidIndex", "-Confirm:false"],
            ["Invoke-DbMaintenance", "my", "-Operation", "Analyze,Optimize,Check,Repair", "-Confirm:false"], ["Invoke-DbQuery", "pg", "SELECT 1 AS a"], ["Invoke-DbQuery", "my", "SELECT 1 AS a"],
            ["Invoke-DbQuery", "pg", "SELECT * FROM nowhere"], ["Invoke-DbQuery", "my", "SELECT * FROM nowhere"],
            ["Invoke-DbQuery", "pg", "DELETE FROM users WHERE username = 'x'", "-AllowWrite", "-Confirm:false"], ["Set-AppUser", "pg", "ann", "-Role", "admin", "-Confirm:false"],
        ];
        foreach (var call in calls)
        {
            output.Append(Run([.. call, "-Verbose", "-Stack", StackFile, "-OutputFormat", "Json"]).Output);
        }

        await stop.CancelAsync();
        Assert.True(await watching > 0, "The client was never caught running, so the test has shown nothing.");
        Assert.Contains("ann", output.ToString(), StringComparison.Ordinal);
        Assert.Empty(seen);
        var places = new List<string> { output.ToString(), Error.ToString(), await File.ReadAllTextAsync(postgres.LogFile), await File.ReadAllTextAsync(Path.Combine(maria.Folder, "data", "general.log")) };
        Assert.Contains("VACUUM (FULL)", places[2], StringComparison.Ordinal);
        Assert.Contains("OPTIMIZE", places[3], StringComparison.Ordinal);
        if (state is not null)
        {
            places.AddRange(Directory.GetFiles(state, "*", SearchOption.AllDirectories).Select(File.ReadAllText));
        }

        foreach (var password in new[] { postgres.Password, maria.Password })
        {
            Assert.DoesNotContain(places, place => place.Contains(password, StringComparison.Ordinal));
        }
    }

    private static int Watch(string[] secrets, HashSet<string> seen, CancellationToken stop)
    {
        var clients = 0;
        while (!stop.IsCancellationRequested)
        {
            foreach (var process in Directory.GetDirectories("/proc").Where(folder => char.IsAsciiDigit(folder[6])))
            {
                foreach (var file in new[] { "cmdline", "environ" })
                {
                    try
                    {
                        var text = File.ReadAllText(Path.Combine(process, file));
                        clients += text.Contains("--defaults-file=/dev/fd/4", StringComparison.Ordinal) ? 1 : 0;
                        if (Array.Exists(secrets, secret => text.Contains(secret, StringComparison.Ordinal)))
                        {
                            seen.Add($"{file} of {text.Split('\0')[0]}");
                        }
                    }
                    catch (Exception error) when (error is IOException or UnauthorizedAccessException)
                    {
                        // It has ended meanwhile.
                    }
                }
            }
        }

        return clients;
    }

    private static async Task<string> FillAsync(PostgreSqlServer server)
    {
        var name = await server.CreateDatabaseAsync();
        await server.ExecuteAsync("CREATE TABLE \"Orders\" (a int PRIMARY KEY); CREATE TABLE \"Orders \"\"2\"\"\" (a int); CREATE TABLE users (username text, role text, is_active bool DEFAULT true); INSERT INTO users VALUES ('ann', 'user')", name);
        return name;
    }

    private static async Task<string> FillAsync(MariaDbServer server)
    {
        var name = await server.CreateDatabaseAsync();
        await server.ExecuteAsync("CREATE TABLE t (a INT PRIMARY KEY) ENGINE=Aria", name);
        return name;
    }

    private async Task<string> PrepareAsync()
    {
        var (postgres, maria) = (await Servers.PostgreSqlAsync(), await Servers.MariaDbAsync());
        var name = await FillAsync(postgres);
        await WriteStackAsync(postgres, name, maria, await FillAsync(maria));
        return name;
    }

    private Task WriteStackAsync(PostgreSqlServer postgres, string first, MariaDbServer maria, string second) => File.WriteAllTextAsync(
        StackFile,
        $$"""
        stack: shop
        databases:
          pg:
            engine: postgres
            server: 127.0.0.1
            port: {{postgres.Port}}
            user: {{postgres.User}}
            password: "{{postgres.Password}}"
            database: {{first}}
            timeout: 30s
            appUsers:
              list: SELECT username, role, is_active FROM users ORDER BY username
              setRole: UPDATE users SET role = @role WHERE username = @user
              disable: UPDATE users SET is_active = false WHERE username = @user
          my: { engine: mariadb, server: 127.0.0.1, port: {{maria.Port}}, user: {{maria.User}}, password: "{{maria.Password}}", database: {{second}}, timeout: 30s }
          mongo: { engine: mongodb, server: 127.0.0.1, port: 1 }

        """);
}
