using System.Text;
using System.Text.Json;
using OpsRunbook.Engine.Docker;
using OpsRunbook.Engine.Environments;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Environments;

/// <summary>What is written is read back by the programs that the files are for, and what they read is what we read.</summary>
public sealed class EnvironmentReaderTests
{
    private static readonly string[] Nasty =
    [
        "", "plain", "two words", " leading and trailing ", "a=b=c", "it's", "say \"hi\"", "`id`", "$(id)", "$HOME", "${HOME}", "; reboot", "a#b", "a #b", "#a",
        "back\\slash", "ends with\\", "\\n", "two\nlines", "\ttab", "-leading", "--dashes", "'quoted'", "\"quoted\"", "it's \"both\"", "p@ss:w/o%rd", "é€😀", "*", "a;b", "$$", "a&b|c>d",
        "it's $5", "C:\\new\\table", "{\"json\": [1, \"two\"]}", "'", "\"", "\\", "`", "'\"`", "-----BEGIN X-----\nabc=\n-----END X-----\n", "postgres://u:p%24w@h:5432/d?x=y&z",
    ];

    // Forms that people write; those that readers do not agree on are left to the tests of the file itself.
    private const string Written = """
        # comment
        PLAIN=value
        SPACED = value
        SINGLE='two words'
        DOUBLE="two words"
        EMPTY=
        EMPTY_QUOTED=""
        HASH='a #b'
        EQUALS=a=b==
        MULTI='one
        two'
        AFTER=1
        AFTER=2
        LAST=end
        """;

    [SkippableFact]
    public async Task Systemd_reads_what_is_written()
    {
        var server = await Servers.SystemdHostAsync();
        await using var host = new SshHost("panel", server.Destination, server.IdentityFile, server.Options);
        const string path = "/tmp/env values";

        var (file, expected) = Fill(EnvironmentDialect.Systemd);
        await host.WriteFileAsync(path, file.ToBytes(), default);
        AssertRead(expected, await ReadAsync());
        Assert.Equal(Nasty.Length, expected.Count);

        await host.WriteFileAsync(path, Encoding.UTF8.GetBytes(Written + "\nJOINED='a b'\"c\" d\nCONTINUED=a\\\n  b\nESCAPED=a\\ b\\\\c\nexport NO=1\n;NO=2\nHASHED=a #b\nDOLLAR=\"\\$A $A\\x\"\n"), default);
        var written = EnvironmentFile.Parse(path, (await host.ReadFileAsync(path, 100_000, default))!, EnvironmentDialect.Systemd);
        AssertRead(written.Values, await ReadAsync());

        async Task<Dictionary<string, string>> ReadAsync()
        {
            var result = await host.RunAsync(
                new HostCommand("systemd-run", "--quiet", "--pipe", "--wait", "--collect", "-p", "EnvironmentFile=" + path, "env", "-0"), default);
            Assert.True(result.Succeeded, result.StandardError);
            return Split(result.StandardOutput.Split('\0', StringSplitOptions.RemoveEmptyEntries));
        }
    }

    [SkippableFact]
    public async Task Compose_reads_what_is_written()
    {
        var docker = await Servers.DockerAsync();
        var (file, expected) = Fill(EnvironmentDialect.Compose);
        var written = EnvironmentFile.Parse("/x", Encoding.UTF8.GetBytes(Written + "\nexport EXPORTED=1\nCOMMENTED=a # b\nESCAPED=\"a\\tb\\\"c\"\n"), EnvironmentDialect.Compose);
        var folder = TestRun.NewFolder("environment");
        await File.WriteAllBytesAsync(Path.Combine(folder, "first.env"), file.ToBytes());
        await File.WriteAllBytesAsync(Path.Combine(folder, "second.env"), written.ToBytes());
        await using var project = await docker.NewComposeProjectAsync($"""
            version: "2.4"
            services:
              first: {"{"} image: {DockerEngine.BusyboxImage}, env_file: "{folder}/first.env" {"}"}
              second: {"{"} image: {DockerEngine.BusyboxImage}, env_file: "{folder}/second.env" {"}"}
            """);
        using var client = new DockerClient(new LocalHost(), docker.Address);

        AssertRead(expected, await ReadAsync("first"));
        AssertRead(written.Values, await ReadAsync("second"));
        Assert.InRange(expected.Count, Nasty.Length - 6, Nasty.Length);

        async Task<Dictionary<string, string>> ReadAsync(string service) =>
            await ConfiguredAsync(client, Assert.Single(await client.ListComposeAsync(project.Name, service, default)).Id);
    }

    [SkippableFact]
    public async Task Docker_reads_what_is_written()
    {
        var docker = await Servers.DockerAsync();
        var (file, expected) = Fill(EnvironmentDialect.Docker);
        var path = Path.Combine(TestRun.NewFolder("environment"), "x.env");
        await File.WriteAllBytesAsync(path, [.. file.ToBytes(), .. Encoding.UTF8.GetBytes("\r\n# no\n  INDENTED= 'x' # y \r\n")]);
        var whole = EnvironmentFile.Parse(path, await File.ReadAllBytesAsync(path), EnvironmentDialect.Docker);
        var id = await docker.RunContainerAsync("--env-file", path, DockerEngine.BusyboxImage);
        using var client = new DockerClient(new LocalHost(), docker.Address);

        var read = await ConfiguredAsync(client, id);

        AssertRead(expected, read);
        AssertRead(whole.Values, read);
        Assert.Equal(Nasty.Count(value => !value.Contains('\n', StringComparison.Ordinal)), expected.Count);
        await docker.ExecuteAsync("rm", "-f", id);
    }

    [SkippableFact]
    public async Task Node_reads_what_is_written()
    {
        const string script = "const u=require('util');if(!u.parseEnv)process.exit(9);console.log(JSON.stringify(u.parseEnv(require('fs').readFileSync(process.argv[1],'utf8'))))";
        var (file, expected) = Fill(EnvironmentDialect.Dotenv);
        var path = Path.Combine(TestRun.NewFolder("environment"), ".env");
        await File.WriteAllBytesAsync(path, file.ToBytes());
        AssertRead(expected, await ReadAsync());
        Assert.InRange(expected.Count, Nasty.Length - 4, Nasty.Length);

        await File.WriteAllTextAsync(path, Written + "\nexport EXPORTED=1\nBACK=`it's \"both\"`\nCOMMENTED=a#b\nLINES=\"a\\nb\"\nDASHED-KEY=1\nDOTTED.KEY=2\r\nLAST=3\r\n");
        AssertRead(EnvironmentFile.Parse(path, await File.ReadAllBytesAsync(path), EnvironmentDialect.Dotenv).Values, await ReadAsync());

        async Task<Dictionary<string, string>> ReadAsync()
        {
            var result = await Tool.TryRunAsync(SampleApp.NodeFile, ["-e", script, path]);
            Skip.If(result.ExitCode == 9, "This Node.js cannot read environment files (20.12 can).");
            return JsonSerializer.Deserialize<Dictionary<string, string>>(result.Output)!;
        }
    }

    /// <summary>A file with every nasty value that the dialect takes, set one after another.</summary>
    private static (EnvironmentFile File, Dictionary<string, string> Values) Fill(EnvironmentDialect dialect)
    {
        var values = new Dictionary<string, string>();
        var file = EnvironmentFile.Parse("/x", "# values\n"u8, dialect);
        for (var i = 0; i < Nasty.Length; i++)
        {
            try
            {
                file = file.Set($"KEY_{i}", Nasty[i]);
                values[$"KEY_{i}"] = Nasty[i];
            }
            catch (OpsException error)
            {
                Assert.Equal("Environment.ValueInvalid", error.Id);
            }
        }

        Assert.Equal(values, file.Values);
        return (file, values);
    }

    private static void AssertRead(IReadOnlyDictionary<string, string> expected, Dictionary<string, string> read) =>
        Assert.Equal(
            expected.Select(pair => $"{pair.Key}={pair.Value}").Order(StringComparer.Ordinal),
            read.Where(pair => expected.ContainsKey(pair.Key)).Select(pair => $"{pair.Key}={pair.Value}").Order(StringComparer.Ordinal));

    private static async Task<Dictionary<string, string>> ConfiguredAsync(DockerClient client, string id)
    {
        using var answer = await client.GetJsonAsync($"containers/{id}/json", default);
        return Split(answer.RootElement.GetProperty("Config").GetProperty("Env").EnumerateArray().Select(entry => entry.GetString()!));
    }

    private static Dictionary<string, string> Split(IEnumerable<string> entries) =>
        entries.Select(entry => entry.Split('=', 2)).GroupBy(pair => pair[0]).ToDictionary(group => group.Key, group => group.Last()[1]);
}
