using OpsRunbook.Engine.Logs;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Logs.Sources;

public sealed class Pm2LogTests
{
    [SkippableFact]
    public async Task Both_files_of_an_application_are_found_and_read_by_time()
    {
        var pm2 = await Servers.Pm2Async();
        var name = $"logs-{Environment.ProcessId}";
        var script = Path.Combine(pm2.Folder, name + ".js");
        await File.WriteAllTextAsync(script, "console.log('2026-01-01T10:00:00Z INFO started'); console.error('2026-01-01T10:00:01Z ERROR failed\\n    at x'); setInterval(() => {}, 1000);");
        await pm2.ExecuteAsync("start", script, "--name", name);
        try
        {
            await Task.Delay(2000);
            var stack = new OpsStack { Name = "test" };
            stack.Services["api"] = new StackService { Manager = ServiceManagerKind.Pm2, Unit = name, Pm2Home = pm2.Folder };

            var records = await MemberLog.ReadAsync(stack);

            Assert.Equal([("started", LogLevel.Info), ("failed\n    at x", LogLevel.Error)], records.Select(record => (record.Message, record.Level)));
            Assert.All(records, record => Assert.Equal("api", record.Service));
            Assert.EndsWith("-error.log", records[1].SourceFile, StringComparison.Ordinal);
            Assert.Single(await MemberLog.ReadAsync(stack, new LogQuery { Since = new DateTime(2026, 1, 1, 10, 0, 1, DateTimeKind.Utc) }));

            var output = new RecordedOutput();
            stack.Services["api"].Unit = "no-such-app";
            Assert.Empty(await MemberLog.ReadAsync(stack, null, output));
            Assert.Equal("Log.NoSource", Assert.Single(output.Errors).Id);
        }
        finally
        {
            await pm2.ExecuteAsync("delete", name);
        }
    }
}
