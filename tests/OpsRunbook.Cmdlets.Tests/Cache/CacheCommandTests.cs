using System.Text.Json;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Cmdlets.Tests.Cache;

public sealed class CacheCommandTests : CommandTest
{
    [SkippableFact]
    public async Task What_is_found_is_reviewed_and_removed_by_the_pipeline()
    {
        await using var server = await PrepareAsync();
        await server.ExecuteAsync("MSET", "cache:1", "x", "cache: two", "x", "stays", "x");
        await server.ExecuteAsync("EVAL", "redis.call('SET', 'cache:\\255\\n', 'x')", "0");

        var (_, found) = Run(["Get-CacheKey", "cache", "cache:*", "-Stack", StackFile, "-OutputFormat", "NdJson"]);
        Assert.Equal(3, found.Trim().Split('\n').Length);
        var (code, removed) = Run(["Remove-CacheKey", "-", "-Stack", StackFile, "-Confirm:false", "-OutputFormat", "Json"], found);

        Assert.True(code == 0, Error.ToString());
        using var json = JsonDocument.Parse(removed);
        Assert.Equal((3, true), (json.RootElement[0].GetProperty("Removed").GetInt32(), json.RootElement[0].GetProperty("Complete").GetBoolean()));
        Assert.Equal("stays", await server.ExecuteAsync("KEYS", "*"));
    }

    [SkippableFact]
    public async Task Protected_keys_are_refused_by_name_and_force_needs_a_reason()
    {
        await using var server = await PrepareAsync();
        await server.ExecuteAsync("SET", "sess:1", "x");

        Run(["Remove-CacheKey", "cache", "sess:*", "-Stack", StackFile, "-Confirm:false"]);
        Assert.Contains("Guard.ProtectedKey", Error.ToString(), StringComparison.Ordinal);
        Run(["Remove-CacheKey", "cache", "sess:*", "-Stack", StackFile, "-Confirm:false", "-Force"]);
        Assert.Contains("Guard.ReasonMissing", Error.ToString(), StringComparison.Ordinal);
        Run(["Clear-Cache", "cache", "-Database", "0", "-Stack", StackFile, "-Confirm:false"]);
        Assert.Equal("1", await server.ExecuteAsync("DBSIZE"));

        var (code, _) = Run(["Remove-CacheKey", "cache", "sess:*", "-Stack", StackFile, "-Confirm:false", "-Force", "-Reason", "log everybody out"]);
        Assert.Equal(0, code);
        Assert.Equal("0", await server.ExecuteAsync("DBSIZE"));
    }

    [SkippableFact]
    public async Task Nothing_is_removed_unattended_or_under_what_if()
    {
        await using var server = await PrepareAsync();
        await server.ExecuteAsync("SET", "a", "x");
        var (_, plan) = Run(["Remove-CacheKey", "cache", "*", "-Stack", StackFile, "-WhatIf", "-OutputFormat", "Json"]);
        Assert.Contains("UNLINK 1 key", plan, StringComparison.Ordinal);
        Run(["Remove-CacheKey", "cache", "*", "-Stack", StackFile]);
        Assert.Contains("Confirm.NotInteractive", Error.ToString(), StringComparison.Ordinal);
        Run(["Clear-Cache", "cache", "-AllDatabases", "-Stack", StackFile, "-Confirm:false"]);
        Assert.Contains("Cache.NameNotTyped", Error.ToString(), StringComparison.Ordinal);
        Assert.Equal("1", await server.ExecuteAsync("DBSIZE"));
    }

    [SkippableFact]
    public async Task Every_looking_command_works_on_an_address_too_and_tells_no_password()
    {
        await using var server = await PrepareAsync();
        await server.ExecuteAsync("SET", "a", "x");
        var uri = $"redis://:{server.Password}@127.0.0.1:{server.Port}";
        string[][] calls =
        [
            ["Get-CacheStatus", "-Sample", "50ms"], ["Get-CacheKey"], ["Get-CacheKey", "-GroupBy", "Prefix"], ["Get-CacheSlowLog"], ["Get-CacheClient"],
            ["Measure-CacheLatency", "-For", "100ms"], ["Watch-CacheCommand", "-For", "100ms"],
        ];
        foreach (var call in calls)
        {
            foreach (var format in new[] { "Json", "Table" })
            {
                var (code, output) = Run([.. call, "-Uri", uri, "-OutputFormat", format]);
                Assert.True(code is 0 or 1 && !Error.ToString().Contains("rror", StringComparison.Ordinal), $"{call[0]}: {code} {Error}");
                Assert.DoesNotContain(server.Password, output + Error, StringComparison.Ordinal);
            }
        }
    }

    [SkippableTheory]
    [InlineData("Cache.NotFound", "Get-CacheStatus", "cahce")]
    [InlineData("Cache.ParameterInvalid", "Get-CacheStatus", "-Sample", "0s")]
    [InlineData("Cache.ParameterInvalid", "Get-CacheKey", "-MaxImpact", "0s")]
    [InlineData("Cache.ParameterInvalid", "Watch-CacheCommand", "-For", "1d")]
    [InlineData("Cache.ParameterInvalid", "Measure-CacheLatency", "-For", "1s", "-Every", "2s")]
    [InlineData("Cache.ParameterInvalid", "Clear-Cache")]
    [InlineData("Cache.ParameterInvalid", "Clear-Cache", "-AllDatabases", "-Database", "0")]
    [InlineData("Cache.ParameterInvalid", "Remove-CacheKey")]
    [InlineData("Cache.ParameterInvalid", "Remove-CacheKey", "-Pattern", "a", "-Key", "b")]
    [InlineData("Cache.ParameterInvalid", "Set-CachePolicy")]
    [InlineData("Cache.UriInvalid", "Get-CacheKey", "-Uri", "http://127.0.0.1")]
    public async Task A_call_that_makes_no_sense_is_refused(string id, params string[] arguments)
    {
        await using var server = await PrepareAsync();
        Run([.. arguments, "-Stack", StackFile]);
        Assert.Contains(id, Error.ToString(), StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_change_asks_which_cache_is_meant()
    {
        await using var server = await PrepareAsync();
        await File.AppendAllTextAsync(StackFile, "  other: { engine: redis }\n");
        Run(["Remove-CacheKey", "-Pattern", "*", "-Stack", StackFile, "-Confirm:false"]);
        Assert.Contains("Cache.NameMissing", Error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_change_of_a_cache_too_looks_after_what_was_to_be_put_back()
    {
        var reverts = Directory.CreateDirectory(Path.Combine(Environment.GetEnvironmentVariable("OPSRUNBOOK_STATE")!, "reverts"));
        var stack = $"due-{Path.GetFileName(Folder)}";
        var record = Path.Combine(reverts.FullName, stack + ".json");
        await File.WriteAllTextAsync(StackFile, $"stack: {stack}\ncaches:\n  cache: {{ engine: redis, server: 127.0.0.1, port: 1 }}\n");
        await File.WriteAllTextAsync(record, JsonSerializer.Serialize(new
        {
            DueAt = DateTime.UtcNow.AddDays(-1),
            Stack = stack,
            Name = "api",
            Host = "local",
            Manager = 0,
            Key = "LEVEL",
            IsSecret = false,
            File = Path.Combine(Folder, "gone.env"),
            Backup = Path.Combine(Folder, "gone.env.old"),
            Identity = "of another day",
            Timer = (string?)null,
            IsOnHost = false,
        }));

        Run(["Set-CachePolicy", "cache", "-Policy", "noeviction", "-Stack", StackFile, "-Confirm:false"]);

        // The file is not the one that was written, so there is nothing to put back and nothing to remember.
        Assert.False(File.Exists(record), Error.ToString());
    }

    private async Task<RedisServer> PrepareAsync()
    {
        var server = await Servers.NewRedisAsync();
        await File.WriteAllTextAsync(StackFile, $"stack: shop\ncaches:\n  cache: {{ engine: redis, server: 127.0.0.1, port: {server.Port}, password: \"{server.Password}\", protect: [\"sess:*\"] }}\n");
        return server;
    }
}
