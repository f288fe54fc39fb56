using System.Text.Json;
using OpsRunbook.ConsoleRunner;

namespace OpsRunbook.Cmdlets.Tests.Stacks;

public sealed class StackCommandTests : IDisposable
{
    private const string Compose =
        "name: shop\nservices:\n  api: { image: shop/api, ports: ['8080:80'], depends_on: [db] }\n  db: { image: postgres, ports: ['5432:5432'], environment: { POSTGRES_PASSWORD: hunter2 } }\n";

    private readonly string _folder = Directory.CreateTempSubdirectory("opsrunbook-").FullName;
    private readonly StringWriter _error = new();

    [Fact]
    public void Get_emits_the_stack_with_its_path()
    {
        var file = Write("shop.yaml", "stack: shop\nservices: { api: {} }\ndatabases: { db: { engine: postgres, server: h, database: d } }");

        var stack = Assert.Single(Run("Get-OpsStack", "-Stack", file));

        Assert.Equal("shop", stack.GetProperty("Name").GetString());
        Assert.Equal(file, stack.GetProperty("Path").GetString());
    }

    [Fact]
    public void Get_emits_the_members_one_by_one()
    {
        var file = Write("shop.yaml", "services: { api: { manager: pm2, dependsOn: db, ports: [80] } }\ndatabases: { db: { engine: postgres, server: h, database: d } }");

        var members = Run("Get-OpsStack", "-Stack", file, "-Member");

        Assert.Equal(["api", "db"], members.Select(member => member.GetProperty("Name").GetString()));
        Assert.Equal(["Service", "Database"], members.Select(member => member.GetProperty("Kind").GetString()));
        Assert.Equal(["localhost:80", "h:5432/d"], members.Select(member => member.GetProperty("Target").GetString()));
        Assert.Equal(["pm2", "postgres"], members.Select(member => member.GetProperty("Type").GetString()));
    }

    [Fact]
    public void Get_names_file_line_and_key_of_what_is_wrong()
    {
        var file = Write("shop.yaml", "stack: shop\nservises: {}");

        Assert.Equal(1, Exit("Get-OpsStack", "-Stack", file));

        Assert.Contains($"{file} line 2: servises is not a known key. Did you mean 'services'?", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void New_writes_what_get_reads()
    {
        var source = Write("compose.yaml", Compose);
        var target = Path.Combine(_folder, "opsrunbook.yaml");

        Run("New-OpsStack", target, "-FromCompose", source, "-Name", "store");

        Assert.Equal("store", Assert.Single(Run("Get-OpsStack", "-Stack", target)).GetProperty("Name").GetString());
        Assert.DoesNotContain("hunter2", File.ReadAllText(target), StringComparison.Ordinal);
        Assert.Contains("POSTGRES_PASSWORD", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void New_under_whatif_emits_the_plan_and_writes_nothing()
    {
        var target = Path.Combine(_folder, "opsrunbook.yaml");

        var plan = Assert.Single(Run("New-OpsStack", target, "-FromCompose", Write("compose.yaml", Compose), "-WhatIf"));

        Assert.Equal("shop", plan.GetProperty("Name").GetString());
        Assert.Equal(JsonValueKind.Null, plan.GetProperty("Path").ValueKind);
        Assert.False(File.Exists(target));
    }

    [Fact]
    public void New_replaces_a_file_only_with_force()
    {
        var source = Write("compose.yaml", Compose);
        var target = Write("opsrunbook.yaml", "stack: mine");

        Assert.Equal(1, Exit("New-OpsStack", target, "-FromCompose", source));
        Assert.Equal("stack: mine", File.ReadAllText(target));
        Assert.Contains("-Force", _error.ToString(), StringComparison.Ordinal);

        Run("New-OpsStack", target, "-FromCompose", source, "-Force");
        Assert.Contains("stack: shop", File.ReadAllText(target), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("x.json")]
    [InlineData("x")]
    public void New_writes_yaml_only(string name)
    {
        Assert.Equal(1, Exit("New-OpsStack", Path.Combine(_folder, name), "-FromCompose", Write("compose.yaml", Compose)));

        Assert.Contains("Stack.PathInvalid", _error.ToString(), StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_folder, name)));
    }

    [Fact]
    public void New_takes_one_source() =>
        Assert.Equal(OpsRunbookConsole.UsageExitCode, Exit("New-OpsStack", "x.yaml", "-FromCompose", "a", "-FromPm2", "b"));

    [Fact]
    public void Test_lists_every_fault_with_its_line()
    {
        var file = Write("shop.yaml", "stack: shop\nservises: {}\nhosts: 7\n");

        var findings = Run("Test-OpsStack", "-Stack", file);

        Assert.Equal([2, 3], findings.Select(finding => finding.GetProperty("Line").GetInt32()));
        Assert.All(findings, finding => Assert.Equal("Critical", finding.GetProperty("Status").GetString()));
    }

    [Fact]
    public void Test_finds_text_that_is_not_yaml()
    {
        var finding = Assert.Single(Run("Test-OpsStack", "-Stack", Write("shop.yaml", "stack: [")));

        Assert.Equal("Stack.SyntaxInvalid", finding.GetProperty("Reason").GetString());
    }

    [Fact]
    public void Test_offline_reads_no_secret_and_connects_to_nothing()
    {
        var file = Write("shop.yaml", "databases: { db: { engine: postgres, password: '${env:NOT_SET_AT_ALL}', port: 1 } }");

        Assert.Equal("Healthy", Assert.Single(Run("Test-OpsStack", "-Stack", file, "-Offline")).GetProperty("Status").GetString());
        Assert.Equal(["Critical", "Critical", "Healthy"], Run("Test-OpsStack", "-Stack", file).Select(finding => finding.GetProperty("Status").GetString()).Order(StringComparer.Ordinal));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Write(string name, string content)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, content);
        return path;
    }

    private int Exit(params string[] args) => Execute(args).ExitCode;

    private List<JsonElement> Run(params string[] args)
    {
        var (_, output) = Execute([.. args, "-OutputFormat", "Json"]);
        Assert.True(output.Length > 0, _error.ToString());
        return [.. JsonDocument.Parse(output).RootElement.EnumerateArray()];
    }

    private (int ExitCode, string Output) Execute(string[] args)
    {
        using var output = new StringWriter();
        var exitCode = OpsRunbookConsole.Run(args, new Terminal { Out = output, Error = _error, OpenInput = () => TextReader.Null });
        return (exitCode, output.ToString());
    }
}
