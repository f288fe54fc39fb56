using System.Diagnostics;
using System.Globalization;

namespace OpsRunbook.EndToEnd.Tests;

/// <summary>The network to a database is cut without a word while somebody waits for it.</summary>
[Collection("Stacks")]
public sealed class NetworkCutTests
{
    [SkippableFact]
    public async Task A_query_ends_and_the_error_names_the_server()
    {
        var server = await Servers.PostgreSqlAsync();
        await using var network = await Servers.NewIsolatedNetworkAsync(Path.Combine(server.SocketFolder, string.Create(CultureInfo.InvariantCulture, $".s.PGSQL.{server.Port}")));
        var mark = Guid.NewGuid().ToString("N");
        var found = $"pg_stat_activity WHERE query LIKE '%{mark}%' AND state = 'active' AND pid <> pg_backend_pid()";
        var stack = $$"""
            stack: shop
            databases:
              db: { engine: postgres, server: 127.0.0.1, port: {{network.Port}}, database: postgres, user: postgres, password: "{{server.Password}}", timeout: 5s }

            """;
        var query = ConsoleRun.UnderAsync(network.Enter, stack, new Dictionary<string, string>(), "Invoke-DbQuery", "db", $"SELECT 1 AS {"a" + mark} FROM pg_sleep(300)");
        await BeginAsync(query, async () => Convert.ToInt64(await server.ExecuteAsync($"SELECT count(*) FROM {found}"), CultureInfo.InvariantCulture) > 0);
        try
        {
            await CutAsync(network, query);
            var result = await ConsoleRun.UnderAsync(network.Enter, stack, new Dictionary<string, string>(), "Get-DbSession", "db");
            Assert.Contains("Db.Timeout", result.Error, StringComparison.Ordinal);
            Assert.Contains($"127.0.0.1:{network.Port}", result.Error, StringComparison.Ordinal);
        }
        finally
        {
            await server.ExecuteAsync($"SELECT pg_terminate_backend(pid) FROM {found}");
        }
    }

    [SkippableFact]
    public async Task A_query_of_a_client_program_ends_too_and_one_that_only_takes_long_does_not()
    {
        var server = await Servers.MariaDbAsync();
        await using var network = await Servers.NewIsolatedNetworkAsync(server.Socket);
        var mark = Guid.NewGuid().ToString("N");
        var found = $"information_schema.PROCESSLIST WHERE INFO LIKE '%{mark}%' AND COMMAND <> 'Killed' AND ID <> CONNECTION_ID()";
        var stack = $$"""
            stack: shop
            databases:
              db: { engine: mariadb, server: 127.0.0.1, port: {{network.Port}}, user: {{server.User}}, password: "{{server.Password}}", timeout: 5s }

            """;
        var query = RunAsync($"SELECT SLEEP(300) AS {"a" + mark}");

        // Longer than a server is let be silent unasked.
        var patient = await RunAsync("SELECT SLEEP(6) AS answer", "-OutputFormat", "Json");
        patient.AssertSucceeded();
        Assert.Contains("\"answer\"", patient.Output, StringComparison.Ordinal);
        await BeginAsync(query, async () => (await server.ExecuteAsync($"SELECT COUNT(*) FROM {found}")).Trim() != "0");
        try
        {
            await CutAsync(network, query);
        }
        finally
        {
            foreach (var id in (await server.ExecuteAsync($"SELECT ID FROM {found}")).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                await server.ExecuteAsync($"KILL {id}");
            }
        }

        Task<ToolResult> RunAsync(params string[] arguments) =>
            ConsoleRun.UnderAsync(network.Enter, stack, new Dictionary<string, string>(), ["Invoke-DbQuery", "db", .. arguments]);
    }

    private static async Task BeginAsync(Task<ToolResult> query, Func<Task<bool>> isRunning)
    {
        for (var attempt = 0; !await isRunning(); attempt++)
        {
            Assert.True(attempt < 300 && !query.IsCompleted, query.IsCompleted ? (await query).Error : "The query never began.");
            await Task.Delay(100);
        }
    }

    private static async Task CutAsync(IsolatedNetwork network, Task<ToolResult> query)
    {
        await network.CutAsync();
        var start = Stopwatch.GetTimestamp();
        var result = await query;
        Assert.Contains("Db.ConnectionLost", result.Error, StringComparison.Ordinal);
        Assert.Contains($"127.0.0.1:{network.Port}", result.Error, StringComparison.Ordinal);

        // The limit is 5 s; the rest is what a busy machine takes.
        Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.Zero, TimeSpan.FromSeconds(30));
    }
}
