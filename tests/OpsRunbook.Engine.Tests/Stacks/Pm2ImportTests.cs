using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Tests.Stacks;

public sealed class Pm2ImportTests : IDisposable
{
    private const string Ecosystem =
        """
        module.exports = {
          apps: [
            { name: 'api', script: 'dist/main.js', instances: 3, exec_mode: 'cluster', max_memory_restart: '2G', env: { PORT: 1 }, env_production: { PORT: 3000, SECRET: 'hunter2' }, out_file: './out.log', error_file: './err.log', cwd: './app' },
            { script: 'worker.js' },
          ],
        };
        """;

    private readonly TemporaryFolder _folder = new();
    private readonly RecordedOutput _output = new();

    [SkippableTheory]
    [InlineData("ecosystem.config.js", Ecosystem)]
    [InlineData("ecosystem.config.cjs", "console.log('hello');\n" + Ecosystem)]
    public async Task Runs_an_ecosystem_file_and_takes_its_applications(string name, string content)
    {
        Skip.If(Which("node") is null, "Node.js is not installed.");

        var stack = await ReadAsync(name, content);

        var api = stack.Services["api"];
        Assert.Equal(ServiceManagerKind.Pm2, api.Manager);
        Assert.Equal([3000], api.Ports);
        Assert.Equal(3, api.Instances);
        Assert.Equal(2L << 30, api.Limits!.Memory);
        Assert.Equal(Path.Combine(_folder.Path, "app"), api.Directory);
        Assert.Equal(["./out.log", "./err.log"], api.Logs);
        Assert.Contains(_output.Warnings, warning => warning.Contains("'worker'", StringComparison.Ordinal) && warning.Contains("services.worker.ports", StringComparison.Ordinal));
        Assert.DoesNotContain("hunter2", StackWriter.Write(stack), StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Runs_an_ecosystem_module()
    {
        Skip.If(Which("node") is null, "Node.js is not installed.");

        Assert.Equal(["x"], (await ReadAsync("ecosystem.config.mjs", "export default () => ({ apps: [{ name: 'x', env: { PORT: '80' } }] });")).Services.Keys);
    }

    [Fact]
    public async Task Reads_json_and_what_pm2_lists_with_its_banner()
    {
        var list = """
            [PM2] Spawning PM2 daemon with pm2_home=/root/.pm2
            [PM2] PM2 Successfully daemonized
            [{"name":"api","pm_id":0,"pm2_env":{"PORT":"4000","pm_cwd":"/srv/api","username":"app","pm_out_log_path":"/l/o","pm_err_log_path":"/l/e","env":{"SECRET":"hunter2"}}},{"name":"api","pm_id":1,"pm2_env":{"PORT":"4000"}},{"name":"pm2-logrotate","pm2_env":{"pmx_module":true,"namespace":"default"}}]
            """;

        var stack = await ReadAsync("list.json", list);

        var api = Assert.Single(stack.Services).Value;
        Assert.Equal([4000], api.Ports);
        Assert.Equal(2, api.Instances);
        Assert.Equal("app", api.User);
        Assert.Equal("/srv/api", api.Directory);
        Assert.DoesNotContain("hunter2", StackWriter.Write(stack), StringComparison.Ordinal);
        Assert.Equal(["y"], (await ReadAsync("ecosystem.json", "{ \"apps\": [ { \"name\": \"y\", } ] }")).Services.Keys);
    }

    [SkippableTheory]
    [InlineData("bad.json", "{ \"apps\": [", "Pm2.SyntaxInvalid")]
    [InlineData("empty.json", "", "Pm2.SyntaxInvalid")]
    [InlineData("none.json", "{ \"apps\": [] }", "Pm2.Invalid")]
    [InlineData("wrong.json", "[1]", "Pm2.Invalid")]
    [InlineData("broken.js", "module.exports = {", "Pm2.ScriptFailed")]
    [InlineData("throws.js", "throw new Error('oops')", "Pm2.ScriptFailed")]
    [InlineData("exits.js", "process.exit(0)", "Pm2.ScriptFailed")]
    public async Task Names_what_is_wrong(string name, string content, string id)
    {
        Skip.If(name.EndsWith(".js", StringComparison.Ordinal) && Which("node") is null, "Node.js is not installed.");

        var error = await Assert.ThrowsAsync<OpsException>(() => ReadAsync(name, content));

        Assert.Equal(id, error.Id);
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_program_that_never_ends_is_ended()
    {
        Skip.If(Which("node") is null, "Node.js is not installed.");
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));

        var error = await Assert.ThrowsAsync<OpsException>(() => ReadAsync("loop.js", "for (;;) {}", patience.Token));

        Assert.Equal("Host.CommandTimeout", error.Id);
    }

    public void Dispose() => _folder.Dispose();

    private static string? Which(string program) =>
        Environment.GetEnvironmentVariable("PATH")!.Split(':').Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);

    private async Task<OpsStack> ReadAsync(string name, string content, CancellationToken cancellationToken = default)
    {
        await using var host = HostFactory.Create("local", new OpsStack());
        return await Pm2Import.ReadAsync(host, _folder.Write(name, content), null, _output, cancellationToken);
    }
}
