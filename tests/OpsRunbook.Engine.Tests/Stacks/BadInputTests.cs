using System.Globalization;
using System.Text;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Tests.Stacks;

public sealed class BadInputTests
{
    /// <summary>Content, identifier, line, key path, and a word that the operator must read.</summary>
    public static TheoryData<string, string, int, string, string> Files => new()
    {
        { "stack: x\nservises: {}", "Stack.KeyUnknown", 2, "servises", "Did you mean 'services'?" },
        { "services:\n  api:\n    health: { latncy: 500ms, url: 'http://x' }", "Stack.KeyUnknown", 3, "services.api.health.latncy", "Did you mean 'latency'?" },
        { "services:\n  api:\n    health:\n      - { url: 'http://x' }\n      - { url: 'http://x', Status: 200 }", "Stack.KeyUnknown", 5, "services.api.health[1].Status", "Did you mean 'status'?" },
        { "services:\n  api:\n    zzzzzzzzz: 1", "Stack.KeyUnknown", 3, "services.api.zzzzzzzzz", "Known are manager" },
        { "stack: x\nstack: y", "Stack.KeyDuplicate", 2, "stack", "twice" },
        { "services:\n  api:\n    unit: a\n    unit: b", "Stack.KeyDuplicate", 4, "services.api.unit", "twice" },
        { "databases:\n  db: { port: 1 }", "Stack.KeyMissing", 2, "databases.db.engine", "missing" },
        { "databases:\n  db:", "Stack.KeyMissing", 2, "databases.db.engine", "missing" },
        { "databases:\n  db: { engine: }", "Stack.KeyMissing", 2, "databases.db.engine", "no value" },
        { "databases:\n  db: { engine: postgress }", "Stack.ValueInvalid", 2, "databases.db.engine", "Did you mean 'postgres'?" },
        { "databases:\n  db: { engine: Postgres }", "Stack.ValueInvalid", 2, "databases.db.engine", "postgres, mysql, mariadb, mongodb" },
        { "databases:\n  db: { engine: postgres, port: 0 }", "Stack.ValueInvalid", 2, "databases.db.port", "from 1 to 65535" },
        { "databases:\n  db: { engine: postgres, port: 65536 }", "Stack.ValueInvalid", 2, "databases.db.port", "from 1 to 65535" },
        { "databases:\n  db: { engine: postgres, port: '5432' }", "Stack.ValueInvalid", 2, "databases.db.port", "in quotes" },
        { "databases:\n  db: { engine: postgres, port: 5432.5 }", "Stack.ValueInvalid", 2, "databases.db.port", "a whole number" },
        { "databases:\n  db: { engine: postgres, timeout: soon }", "Stack.ValueInvalid", 2, "databases.db.timeout", "expected a duration such as 500ms" },
        { "databases:\n  db: { engine: postgres, timeout: '-1:00:00' }", "Stack.ValueInvalid", 2, "databases.db.timeout", "expected a duration" },
        { "databases:\n  db: { engine: postgres, timeout: [1s] }", "Stack.ValueInvalid", 2, "databases.db.timeout", "is a list" },
        { "databases:\n  db: { engine: postgres, tls: verify }", "Stack.ValueInvalid", 2, "databases.db.tls", "verify-full" },
        { "databases:\n  db: { engine: postgres, limits: { memory: big } }", "Stack.ValueInvalid", 2, "databases.db.limits.memory", "a size such as 500MB" },
        { "databases:\n  db: { engine: postgres, password: { env: X } }", "Stack.ValueInvalid", 2, "databases.db.password", "a secret such as" },
        { "databases:\n  db: { engine: postgres, password: '${evn:X}' }", "Stack.SecretInvalid", 2, "databases.db.password", "${env:" },
        { "databases:\n  db: { engine: postgres, password: '${env:}' }", "Stack.SecretInvalid", 2, "databases.db.password", "${env:NAME}" },
        { "databases:\n  db: { engine: postgres, password: '${file:relative}' }", "Stack.SecretInvalid", 2, "databases.db.password", "absolute" },
        { "services:\n  a:\n    health: { url: 'http://x', headers: { Authorization: 'Bearer ${env:T}' } }", "Stack.SecretInvalid", 3, "services.a.health.headers.Authorization", "whole value" },
        { "services: [api]", "Stack.ValueInvalid", 1, "services", "expected a mapping" },
        { "services:\n  api: true", "Stack.ValueInvalid", 2, "services.api", "expected a mapping" },
        { "services:\n  api: { ports: [http] }", "Stack.ValueInvalid", 2, "services.api.ports[0]", "a whole number" },
        { "services:\n  api: { health: { url: 'localhost:3000' } }", "Stack.ValueInvalid", 2, "services.api.health.url", "http://localhost:3000/health" },
        { "services:\n  api: { health: { url: 'file:///etc/passwd' } }", "Stack.ValueInvalid", 2, "services.api.health.url", "http://" },
        { "services:\n  api: { health: { tcp: 'host:0' } }", "Stack.ValueInvalid", 2, "services.api.health.tcp", "host:port" },
        { "services:\n  api: { health: { tcp: 1, insecure: yes } }", "Stack.ValueInvalid", 2, "services.api.health.insecure", "true or false" },
        { "services:\n  api: { health: { url: 'http://x', status: 2000 } }", "Stack.ValueInvalid", 2, "services.api.health.status", "2xx" },
        { "services:\n  api: { health: { command: 'rm -rf /' } }", "Stack.ValueInvalid", 2, "services.api.health.command", "one argument per item" },
        { "services:\n  api: { health: { status: 200 } }", "Stack.KeyMissing", 2, "services.api.health", "'url:', 'tcp:' or 'command:'" },
        { "services:\n  api: { health: { url: 'http://x', body: { status: ok } } }", "Stack.ValueInvalid", 2, "services.api.health.body", "'body.status: …'" },
        { "services:\n  api: { health: { url: 'http://x', body.status: '/[/' } }", "Stack.ValueInvalid", 2, "services.api.health.body.status", "regular expression" },
        { "services:\n  api: { dependsOn: dbb }\ndatabases:\n  db: { engine: postgres }", "Stack.ReferenceUnknown", 2, "services.api.dependsOn", "Did you mean 'db'?" },
        { "services:\n  api: { host: web }\nhosts:\n  web1: { ssh: web1 }", "Stack.HostUnknown", 2, "services.api.host", "Did you mean 'web1'?" },
        { "hosts:\n  a: { ssh: a, container: b }", "Stack.ValueInvalid", 2, "hosts.a", "one way" },
        { "backups:\n  b: { database: db, directory: /b }", "Stack.ReferenceUnknown", 2, "backups.b.database", "databases" },
        { "backups:\n  b: { directory: /b }", "Stack.KeyMissing", 2, "backups.b.database", "missing" },
        { "certificates:\n  c: { file: /c, reload: nginx }", "Stack.ReferenceUnknown", 2, "certificates.c.reload", "nginx" },
        { "certificates:\n  c: { endpoint: example.com }", "Stack.ValueInvalid", 2, "certificates.c.endpoint", "www.example.com:443" },
        { "certificates:\n  c: { warning: 30d }", "Stack.KeyMissing", 2, "certificates.c", "'endpoint:' or 'file:'" },
        { "certificates:\n  c: { file: /c, warning: 7d, critical: 30d }", "Stack.LimitsInverted", 2, "certificates.c", "longer" },
        { "services:\n  db: {}\ndatabases:\n  db: { engine: postgres }", "Stack.NameDuplicate", 4, "databases.db", "services.db" },
        { "services:\n  a: { dependsOn: b }\n  b: { dependsOn: c }\n  c: { dependsOn: a }", "Stack.DependencyCycle", 2, "services.a.dependsOn", "a → b → c → a" },
        { "services:\n  a: { dependsOn: a }", "Stack.DependencyCycle", 2, "services.a.dependsOn", "a → a" },
        { "services:\n  'a*': {}", "Stack.NameInvalid", 2, "services.a*", "wildcards" },
        { "services:\n  \"a\\e[31m\": {}", "Stack.NameInvalid", 2, "services.a", "control characters" },
        { "thresholds:\n  disk: { warning: 180% }", "Stack.ValueInvalid", 2, "thresholds.disk.warning", "0% to 100%" },
        { "thresholds:\n  disk: { warning: 5s }", "Stack.ValueInvalid", 2, "thresholds.disk.warning", "such as 80%" },
        { "thresholds:\n  latency: { warning: 80% }", "Stack.ValueInvalid", 2, "thresholds.latency.warning", "500ms or 2s" },
        { "thresholds:\n  load: { warning: 80% }", "Stack.ValueInvalid", 2, "thresholds.load.warning", "a number" },
        { "thresholds:\n  disk: { warning: 95% }", "Stack.LimitsInverted", 2, "thresholds.disk", "90" },
        { "thresholds:\n  disc: { warning: 95% }", "Stack.KeyUnknown", 2, "thresholds.disc", "Did you mean 'disk'?" },
        { "severities: { P1: {} }\nescalation:\n  matrix: { P2: [] }", "Stack.ReferenceUnknown", 3, "escalation.matrix.P2", "Did you mean 'P1'?" },
        { "escalation:\n  levels: [{ name: L1, contacts: primary }]", "Stack.ReferenceUnknown", 2, "escalation.levels[0].contacts", "contacts" },
        { "escalation:\n  rotation: { weeks: [] }", "Stack.KeyMissing", 2, "escalation.rotation.weeks", "empty" },
        { "contacts: { a: {} }\nescalation:\n  rotation: { start: monday, weeks: [{ primary: a }] }", "Stack.ValueInvalid", 3, "escalation.rotation.start", "2026-01-05" },
        { "maintenance:\n  freeze: [{ from: 2026-13-01, until: 2026-12-02 }]", "Stack.ValueInvalid", 2, "maintenance.freeze[0].from", "a moment" },
        { "alerts:\n  A: { above: much }", "Stack.ValueInvalid", 2, "alerts.A.above", "2GB" },
        { "announce:\n  a: { kind: pigeon }", "Stack.ValueInvalid", 2, "announce.a.kind", "webhook, slack" },
        { "monitoring: { prometheus: localhost }", "Stack.ValueInvalid", 1, "monitoring.prometheus", "http://" },
        { "{\"stack\": \"x\",\n \"services\": {\"api\": {\"ports\": [\"80\"]}}}", "Stack.ValueInvalid", 2, "services.api.ports[0]", "in quotes" },
        { "- a\n- b", "Stack.ValueInvalid", 1, "", "a list" },
        { "just text", "Stack.ValueInvalid", 1, "", "a mapping" },
        { "", "Stack.Empty", 0, "", "is empty" },
        { "# nothing\n", "Stack.Empty", 0, "", "is empty" },
        { "stack: x\nservices:\n\tapi: {}", "Stack.SyntaxInvalid", 3, "", "tab" },
        { "stack: x\nservices: { api: {}", "Stack.SyntaxInvalid", 2, "", "not valid YAML" },
        { "stack: \"x", "Stack.SyntaxInvalid", 1, "", "not valid YAML" },
        { "stack: x\n---\nstack: y", "Stack.SyntaxInvalid", 2, "", "second document" },
        { "stack: *nowhere", "Stack.SyntaxInvalid", 1, "", "*nowhere" },
        { "services: &a\n  api: { logs: *a }", "Stack.SyntaxInvalid", 2, "", "itself" },
        { "? [a]\n: b", "Stack.SyntaxInvalid", 1, "", "a key must be text" },
        { "stack: !!python/object:os.system x", "Stack.TagRefused", 1, "", "python/object" },
        { "stack: !System.Diagnostics.Process { StartInfo: x }", "Stack.TagRefused", 1, "", "System.Diagnostics.Process" },
    };

    [Theory]
    [MemberData(nameof(Files))]
    public void Names_file_line_and_key(string content, string id, int line, string key, string word)
    {
        var document = StackLoader.Parse(Encoding.UTF8.GetBytes(content), "/etc/ops/test.yaml");

        var problem = Assert.Single(document.Problems);
        Assert.Equal(id, problem.Error.Id);
        Assert.Equal(line, problem.Line);
        Assert.StartsWith("/etc/ops/test.yaml", problem.Error.Message, StringComparison.Ordinal);
        Assert.StartsWith(key, problem.Key, StringComparison.Ordinal);
        Assert.Contains(key, problem.Error.Message, StringComparison.Ordinal);
        Assert.Contains(word, problem.Error.FullMessage, StringComparison.Ordinal);
        if (line > 0)
        {
            Assert.Contains($"line {line}", problem.Error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Reports_every_fault_of_a_file_in_its_order()
    {
        var document = Parse("services:\n  api: { port: 1, unit: [] }\ndatabases:\n  db: { engine: oracle, port: -1 }");

        Assert.Equal([2, 2, 4, 4], document.Problems.Select(problem => problem.Line));
        Assert.Equal(["Stack.KeyUnknown", "Stack.ValueInvalid", "Stack.ValueInvalid", "Stack.ValueInvalid"], document.Problems.Select(problem => problem.Error.Id));
    }

    [Fact]
    public async Task Throws_the_first_fault_and_counts_the_others()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("opsrunbook.yaml", "services:\n  api: { port: 1, unit: [] }\nhosts: 7");

        var error = await Assert.ThrowsAsync<OpsException>(() => StackLoader.LoadAsync(file, new RecordedOutput(), default));

        Assert.Equal("Stack.KeyUnknown", error.Id);
        Assert.Contains("services.api.port", error.Message, StringComparison.Ordinal);
        Assert.Contains("2 more", error.NextStep, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("databases: { db: { engine: postgres, password: hunter2 } }", "databases.db.password")]
    [InlineData("monitoring: { prometheus: 'http://u:hunter2@localhost' }", "monitoring.prometheus")]
    [InlineData("services: { a: { health: { url: 'http://x', headers: { X-Api-Key: hunter2 } } } }", "headers.X-Api-Key")]
    public async Task Warns_of_a_plain_secret_without_showing_it(string content, string key)
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("s.yaml", "stack: x\n" + content);
        var output = new RecordedOutput();

        await StackLoader.LoadAsync(file, output, default);

        var warning = Assert.Single(output.Warnings);
        Assert.Contains($"A plain secret in {file} line 2", warning, StringComparison.Ordinal);
        Assert.Contains(key, warning, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", warning, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("databases: { db: { engine: postgres, password: [hunter2] } }")]
    [InlineData("databases: { db: { engine: postgres, password: '${evn:hunter2}' } }")]
    [InlineData("databases: { db: { engine: postgres, password: '${file:hunter2}' } }")]
    [InlineData("services: { a: { health: { url: 'htp://u:hunter2@localhost/' } } }")]
    [InlineData("databases: { db: { engine: postgres, password: 'x${env:A}hunter2' } }")]
    public void Never_repeats_what_may_be_a_secret(string content)
    {
        var document = Parse(content);

        Assert.NotEmpty(document.Problems);
        Assert.All(document.Problems, problem => Assert.False(
            problem.Error.FullMessage.Contains("hunter2", StringComparison.Ordinal) && !content.Contains("${file:", StringComparison.Ordinal), problem.Error.FullMessage));
    }

    [Fact]
    public void Ordinary_headers_are_no_secrets() =>
        Assert.Empty(Parse("services: { a: { health: { url: 'http://x', headers: { Accept: text/html } } } }").Warnings);

    [Theory]
    [InlineData(new byte[] { (byte)'a', (byte)'\n', 0xff, 0xfe }, 2)]
    [InlineData(new byte[] { 0xff, 0xfe, (byte)'a', 0 }, 1)]
    [InlineData(new byte[] { (byte)'a', 0 }, 1)]
    [InlineData(new byte[] { 0xc3 }, 1)]
    public void Refuses_what_is_not_utf8(byte[] content, int line)
    {
        var problem = Assert.Single(StackLoader.Parse(content, "f.yaml").Problems);

        Assert.Equal("Stack.EncodingInvalid", problem.Error.Id);
        Assert.Equal(line, problem.Line);
    }

    [Fact]
    public void Takes_a_byte_order_mark_windows_line_ends_and_json_with_tabs()
    {
        Assert.Empty(StackLoader.Parse([0xef, 0xbb, 0xbf, .. "stack: x\r\nservices:\r\n  api: {}\r\n"u8], "f.yaml").Problems);
        var json = StackLoader.Parse("{\n\t\"stack\":\"x\",\n\t\"services\":{\n\t\t\"api\":{\"ports\":[80]}}\n}"u8, "f.json");
        Assert.Empty(json.Problems);
        Assert.Equal([80], json.Stack.Services["api"].Ports);
    }

    [Fact]
    public async Task Refuses_a_file_that_is_too_large()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("big.yaml", "# " + new string('x', 1024 * 1024));

        var error = await Assert.ThrowsAsync<OpsException>(() => StackLoader.ReadAsync(file, default));

        Assert.Equal("Stack.FileTooLarge", error.Id);
    }

    [Fact]
    public void Refuses_an_alias_bomb()
    {
        var bomb = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for (var i = 1; i < 30; i++)
        {
            bomb.Append(CultureInfo.InvariantCulture, $"a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 10))}]\n");
        }

        Assert.Equal("Stack.TooComplex", Assert.Single(Parse(bomb.ToString()).Problems).Error.Id);
    }

    [Theory]
    [InlineData("[")]
    [InlineData("{a: ")]
    [InlineData("- ")]
    [InlineData("? ")]
    public void Refuses_what_is_nested_too_deeply(string opening)
    {
        var problem = Assert.Single(Parse(string.Concat(Enumerable.Repeat(opening, 50_000))).Problems);

        Assert.Contains(problem.Error.Id, new[] { "Stack.TooComplex", "Stack.SyntaxInvalid" });
    }

    [Fact]
    public void Follows_a_long_chain_of_dependencies()
    {
        var chain = string.Concat(Enumerable.Range(0, 5_000).Select(i => $"  s{i}: {{ dependsOn: s{i + 1} }}\n"));

        Assert.Empty(Parse($"services:\n{chain}  s5000: {{}}").Problems);
    }

    [Fact]
    public void Merges_a_shared_mapping()
    {
        var stack = Parse("services:\n  a: &base { manager: pm2, user: app }\n  b: { <<: *base, user: other }").Stack;

        Assert.Equal(ServiceManagerKind.Pm2, stack.Services["b"].Manager);
        Assert.Equal("other", stack.Services["b"].User);
    }

    private static StackDocument Parse(string content) => StackLoader.Parse(Encoding.UTF8.GetBytes(content), "f.yaml");
}
