using OpsRunbook.Engine.Databases;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Fixtures;
using static OpsRunbook.Engine.Tests.Databases.DatabaseFixtures;

namespace OpsRunbook.Engine.Tests.Databases;

public sealed class SlowQueryTests
{
    [SkippableTheory]
    [InlineData(null)]
    [InlineData("1.7")]
    [InlineData("1.8")]
    public async Task PostgreSql_is_asked_by_the_version_of_the_extension(string? version)
    {
        await using var server = await Servers.NewPostgreSqlAsync();
        await server.ExecuteAsync("CREATE SCHEMA \"We\"\"ird\"");
        await server.ExecuteAsync("DROP EXTENSION pg_stat_statements");
        await server.ExecuteAsync($"CREATE EXTENSION pg_stat_statements SCHEMA \"We\"\"ird\"{(version is null ? string.Empty : $" VERSION '{version}'")}");
        await server.ExecuteAsync("SELECT 'secret literal', pg_sleep(0.3)");
        await server.ExecuteAsync("CREATE ROLE x PASSWORD 'hunter2-Pass'");

        var found = await ReadAsync(Of(server), new SlowQueryRequest(10, DbSlowQueryOrder.Mean, null, null, false), TimeSpan.FromMilliseconds(200));
        Assert.Equal(HealthStatus.Warning, found[0].Status);
        Assert.Contains("pg_sleep", found[0].Query, StringComparison.Ordinal);
        Assert.True(found[0].MeanTime > TimeSpan.FromMilliseconds(250) && found[0].Calls == 1);
        Assert.DoesNotContain(found, query => query.Query.Contains("secret literal", StringComparison.Ordinal) || query.Query.Contains("hunter2", StringComparison.Ordinal));
        Assert.Single(await ReadAsync(Of(server), new SlowQueryRequest(10, DbSlowQueryOrder.Total, TimeSpan.FromMilliseconds(200), "SLEEP", false)));

        // What the runbook asks for is not there any more.
        if (version != "1.7")
        {
            await Assert.ThrowsAnyAsync<Exception>(() => server.ExecuteAsync("SELECT mean_time FROM \"We\"\"ird\".pg_stat_statements"));
        }
    }

    [SkippableFact]
    public async Task PostgreSql_without_the_extension_is_a_finding_with_the_way_to_enable_it()
    {
        await using var server = await Servers.NewPostgreSqlAsync();
        var name = await server.CreateDatabaseAsync();
        var missing = Assert.Single(await ReadAsync(Of(server, name)));
        Assert.Equal(HealthStatus.Unknown, missing.Status);
        Assert.Contains("CREATE EXTENSION pg_stat_statements", missing.NextStep, StringComparison.OrdinalIgnoreCase);

        await using var bare = await Servers.NewPostgreSqlAsync("shared_preload_libraries=auto_explain");
        missing = Assert.Single(await ReadAsync(Of(bare)));
        Assert.Contains("shared_preload_libraries 'auto_explain,pg_stat_statements'", missing.NextStep, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task MariaDb_without_figures_says_so_and_its_slow_query_log_is_read()
    {
        await using var server = await Servers.NewMariaDbAsync();
        var missing = Assert.Single(await ReadAsync(Of(server)));
        Assert.Equal(HealthStatus.Unknown, missing.Status);
        Assert.Contains("Set-DbSlowQueryLog", missing.NextStep, StringComparison.Ordinal);

        await server.ExecuteAsync("SET GLOBAL long_query_time = 0.1; SET GLOBAL slow_query_log = ON");
        await server.ExecuteAsync("SELECT SLEEP(0.3), 'secret literal'; SELECT SLEEP(0.2), 'another'", "mysql");
        var query = Assert.Single(await ReadAsync(Of(server), limit: TimeSpan.FromMilliseconds(200)));
        Assert.Equal(("SELECT SLEEP(?), ?", 2L, "mysql", HealthStatus.Warning), (query.Query, query.Calls, query.Catalog, query.Status));
        Assert.True(query.MaximumTime > TimeSpan.FromMilliseconds(290) && query.TotalTime > TimeSpan.FromMilliseconds(490));
    }

    [SkippableFact]
    public async Task MariaDb_with_performance_schema_is_asked_there()
    {
        await using var server = await Servers.NewMariaDbAsync("--performance-schema=ON");
        await server.ExecuteAsync("SELECT SLEEP(0.3), 'secret literal'", "mysql");
        var found = await ReadAsync(Of(server), new SlowQueryRequest(1, DbSlowQueryOrder.Mean, null, null, false));
        Assert.Equal("performance_schema", Assert.Single(found).Source);
        Assert.Contains("SLEEP", found[0].Query, StringComparison.Ordinal);
        Assert.DoesNotContain("secret literal", found[0].Query, StringComparison.Ordinal);
        Assert.True(found[0].MeanTime > TimeSpan.FromMilliseconds(250) && found[0].Since > DateTime.UtcNow.AddHours(-1) && found[0].Since < DateTime.UtcNow.AddMinutes(1));
    }

    private static async Task<List<DbSlowQuery>> ReadAsync(StackDatabase database, SlowQueryRequest? request = null, TimeSpan? limit = null)
    {
        var output = new RecordedOutput();
        database.SlowQuery = limit;
        await using var session = new StackSession(new OpsStack());
        await new SlowQueryReader(Member(session, database), request ?? new SlowQueryRequest(10, DbSlowQueryOrder.Total, null, null, false), output).RunAsync(default);
        return output.Items.OfType<DbSlowQuery>().ToList();
    }
}
