using System.Net.Http.Headers;
using System.Text;
using OpsRunbook.Engine.Logs;
using OpsRunbook.Engine.Logs.Logins;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Engine.Tests.Logs.Sources;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Logs;

public sealed class LoginFailureTests : IDisposable
{
    private const string Here = "127.0.0.1";
    private readonly string _folder = Directory.CreateTempSubdirectory("opsrunbook-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("Failed password for root from 203.0.113.7 port 4022 ssh2", "root")]
    [InlineData("Failed password for invalid user admin from 203.0.113.7 port 4022 ssh2", "admin")]
    [InlineData("Failed password for invalid user root from 1.2.3.4 port 22 from 203.0.113.7 port 4022 ssh2", "root from 1.2.3.4 port 22")]
    [InlineData("Failed password for invalid user a from 1.2.3.4 port 22 ssh2: RSA SHA256:abc from 203.0.113.7 port 4022 ssh2", "a from 1.2.3.4 port 22 ssh2: RSA SHA256:abc")]
    [InlineData("Failed publickey for root from 1.2.3.4 port 22 ssh2 from 203.0.113.7 port 4022 ssh2: ED25519 SHA256:abc+/", "root from 1.2.3.4 port 22 ssh2")]
    [InlineData("Invalid user x from 1.2.3.4 port 1 from 203.0.113.7 port 4022", "x from 1.2.3.4 port 1")]
    [InlineData("Connection closed by authenticating user root 203.0.113.7 port 4022 [preauth]", "root")]
    [InlineData("Connection closed by invalid user x 1.2.3.4 port 22 [preauth] 203.0.113.7 port 4022 [preauth]", "x 1.2.3.4 port 22 [preauth]")]
    public async Task The_address_of_sshd_stands_at_the_end(string message, string account)
    {
        var failure = Assert.Single(await OfFileAsync("auth.log", $"Jan  1 10:00:00 web1 sshd[77]: {message}\n"));

        Assert.Equal(("203.0.113.7", account, 1L), (failure.Address, failure.Account, failure.Count));
    }

    [Theory]
    [InlineData("web1 app[77]: Failed password for root from 1.2.3.4 port 22 ssh2")]
    [InlineData("web1 sshd[77]: Accepted password for Failed from 1.2.3.4 port 22 ssh2")]
    [InlineData("web1 sshd[77]: Failed password for root from 1.2.3.4 port 22 ssh2 and more")]
    [InlineData("web1 sshd[77]: Received disconnect from 1.2.3.4 port 22:11: Failed password for root from 1.2.3.4 port 22 ssh2")]
    public async Task What_another_program_or_message_says_is_no_login(string line) =>
        Assert.Empty(await OfFileAsync("auth.log", $"Jan  1 10:00:00 {line}\nJan  1 10:00:00 web1 cron[1]: x\n"));

    [Fact]
    public async Task Several_messages_of_one_connection_are_one_attempt_and_several_passwords_several()
    {
        var failures = await OfFileAsync("auth.log", """
            Jan  1 10:00:00 web1 sshd[77]: Invalid user bob from 203.0.113.7 port 4022
            Jan  1 10:00:01 web1 sshd[77]: Failed password for invalid user bob from 203.0.113.7 port 4022 ssh2
            Jan  1 10:00:05 web1 sshd[77]: Failed password for invalid user bob from 203.0.113.7 port 4022 ssh2
            Jan  1 10:00:06 web1 sshd[77]: Connection closed by invalid user bob 203.0.113.7 port 4022 [preauth]
            Jan  1 10:01:00 web1 sshd[78]: Invalid user eve from 198.51.100.2 port 4023
            Jan  1 10:01:01 web1 sshd[78]: Connection closed by invalid user eve 198.51.100.2 port 4023 [preauth]

            """);

        Assert.Equal([("203.0.113.7", "bob", 2L), ("198.51.100.2", "eve", 1L)], failures.Select(failure => (failure.Address, failure.Account, failure.Count)));
        Assert.Equal(TimeSpan.FromSeconds(4), failures[0].Window);
    }

    [Fact]
    public async Task Addresses_and_accounts_are_counted_by_themselves()
    {
        const string log = """
            Jan  1 10:00:00 web1 sshd[77]: Failed password for root from 203.0.113.7 port 1 ssh2
            Jan  1 10:00:01 web1 sshd[77]: Failed password for bob from 203.0.113.7 port 2 ssh2
            Jan  1 10:00:05 web1 sshd[77]: Failed password for root from 2001:db8::1 port 3 ssh2

            """;

        var byAddress = await OfFileAsync("auth.log", log, LoginFailureBy.Address);
        var byAccount = await OfFileAsync("auth.log", log, LoginFailureBy.Account);

        Assert.Equal([("203.0.113.7", null, 2L, 2L), ("2001:db8::1", null, 1L, 1L)], byAddress.Select(failure => (failure.Address!, failure.Account, failure.Count, failure.Accounts)));
        Assert.Equal([(null, "root", 2L), (null, "bob", 1L)], byAccount.Select(failure => (failure.Address, failure.Account!, failure.Count)));
    }

    [SkippableFact]
    public async Task A_real_sshd_with_a_forged_name_gives_the_true_address()
    {
        await using var server = await Servers.NewSshdAsync();
        foreach (var user in (string[])["root from 1.2.3.4 port 22", "x from 1.2.3.4 port 22 ssh2", "plain"])
        {
            await Tool.TryRunAsync("ssh", ["-F", server.ClientConfigFile, "-o", "IdentitiesOnly=yes", "-o", "IdentityFile=" + server.StrangerIdentityFile, "-l", user, "server", "true"]);
        }

        await Task.Delay(500);
        File.Copy(server.LogFile, Path.Combine(_folder, "sshd.log"));
        var failures = await ReadAsync("sshd.log");

        Assert.Equal(["plain", "root from 1.2.3.4 port 22", "x from 1.2.3.4 port 22 ssh2"], failures.Select(failure => failure.Account).Order(StringComparer.Ordinal));
        Assert.All(failures, failure => Assert.Equal((Here, 1L), (failure.Address, failure.Count)));
    }

    [SkippableFact]
    public async Task The_journal_of_a_host_counts_what_sshd_itself_wrote()
    {
        var machine = await Servers.SystemdHostAsync();
        var since = DateTime.UtcNow.AddSeconds(-2);
        var user = $"u{Environment.ProcessId} from 1.2.3.4 port 22";
        await Tool.TryRunAsync("ssh", ["-F", machine.ClientConfigFile, "-o", "PreferredAuthentications=none", "-l", user, "server", "true"]);
        await machine.ExecuteAsync($"logger -t sshd 'Failed password for {user} from 1.2.3.4 port 22 ssh2'; journalctl --sync 2>/dev/null; sleep 1");
        var stack = new OpsStack { Name = "test" };
        stack.Hosts["machine"] = MemberLog.Ssh(machine);
        stack.Services["any"] = new StackService { Host = "machine" };
        await using var session = new StackSession(stack);
        var output = new RecordedOutput();
        var reader = new LoginFailureReader(new LogQuery { Since = since }, LoginFailureBy.AddressAndAccount, output);

        await reader.AddMembersAsync(session, [], default);
        await reader.RunAsync(1, default);

        var failure = Assert.Single(output.Items.OfType<LoginFailure>(), failure => failure.Account == user);
        Assert.Equal(("sshd", "machine", 1L), (failure.Service, failure.Host, failure.Count));
        Assert.NotNull(failure.Address);
        Assert.NotEqual("1.2.3.4", failure.Address);
    }

    [SkippableFact]
    public async Task Nginx_with_forged_names_and_referrers_gives_the_true_address()
    {
        await using var nginx = await Servers.NewNginxAsync(server => $$"""
            server {
              listen 127.0.0.1:{{server.Port}};
              location / { auth_basic "x"; auth_basic_user_file {{server.Folder}}/users; }
              location = /free { return 200; }
            }
            """);
        await File.WriteAllTextAsync(Path.Combine(nginx.Folder, "users"), "bob:{PLAIN}right\n");
        string[] users = ["bob", "eve", "e\" was not found in \"/x\", client= 1.2.3.4, server= _", "e\", client\n2026/01/01 10", "two words"];
        using var client = new HttpClient();
        foreach (var user in users)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, nginx.Url + "a");
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(user + ":wrong")));
            request.Headers.TryAddWithoutValidation("Referer", "x\", client: 1.2.3.4, server: _, request: \"GET / HTTP/1.1");
            using var answer = await client.SendAsync(request);
        }

        await Task.Delay(300);
        File.Copy(nginx.ErrorLogFile, Path.Combine(_folder, "error.log"));
        File.Copy(nginx.AccessLogFile, Path.Combine(_folder, "access.log"));

        var failures = await ReadAsync("error.log");
        Assert.Equal(users.Order(StringComparer.Ordinal), failures.Select(failure => failure.Account).Order(StringComparer.Ordinal));
        Assert.All(failures, failure => Assert.Equal(Here, failure.Address));
        Assert.All(await ReadAsync("access.log"), failure => Assert.Equal(Here, failure.Address));
        Assert.Equal(failures.Count, (await ReadAsync("error.log", "access.log")).Sum(failure => failure.Count));
    }

    [SkippableFact]
    public async Task MariaDB_never_gives_an_address_that_a_name_made_up()
    {
        await using var server = await Servers.NewMariaDbAsync();
        var now = DateTime.Now.ToString("yyyy-MM-dd HH:mm:ss", System.Globalization.CultureInfo.InvariantCulture);
        string[] users =
        [
            "plain",
            "x'@'1.2.3.4' (using password: YES)",
            $"x'@'1.2.3.4' (using password: YES)\n{now} 1 [Note] hi",
            $"x'@'1.2.3.4' (using password: YES)\n{now} 2 [Warning] Access denied for user 'y",
            $"x\n{now} 3 [Warning] Access denied for user 'y'@'1.2.3.4' (using password: YES)",
        ];
        foreach (var user in users)
        {
            var result = await Tool.TryRunAsync("mariadb", ["--no-defaults", "-h", Here, "-P", $"{server.Port}", "--protocol=tcp", "-u", user, "-pwrong", "-e", "select 1"]);
            Assert.NotEqual(0, result.ExitCode);
        }

        await Task.Delay(300);
        File.Copy(server.LogFile, Path.Combine(_folder, "mysql.log"));
        var failures = await ReadAsync("mysql.log");

        Assert.DoesNotContain(failures, failure => failure.Address == "1.2.3.4");
        Assert.Contains(failures, failure => failure.Account == "plain");
        Assert.True(failures.Sum(failure => failure.Count) >= users.Length - 1);
    }

    [Fact]
    public async Task MariaDB_gives_the_address_of_an_ordinary_name()
    {
        var failures = await OfFileAsync("mysql.log", """
            2026-01-01 10:00:00 0 [Note] mariadbd: ready for connections.
            2026-01-01 10:00:01 5 [Warning] Access denied for user 'bob'@'203.0.113.7' (using password: YES)
            2026-01-01 10:00:02 6 [Warning] Access denied for user 'bob'@'203.0.113.7' (using password: YES)
            2026-01-01 10:00:02 0 [Note] Aborted connection
            2026-01-01 10:00:03 7 [Warning] Access denied for user 'it's'@'db.example' (using password: NO)
            2026-01-01 10:00:04 0 [Note] x

            """);

        Assert.Equal([("203.0.113.7", "bob", 2L), (null, "it's", 1L)], failures.Select(failure => (failure.Address, failure.Account!, failure.Count)));
    }

    [SkippableFact]
    public async Task PostgreSQL_gives_an_address_only_where_names_cannot_forge_it()
    {
        await using var plain = await Servers.NewPostgreSqlAsync("log_line_prefix=%m [%p] ", "log_connections=on");
        await using var debian = await Servers.NewPostgreSqlAsync("log_line_prefix=%m [%p] %q%u@%d ", "log_connections=on");
        string[] users = ["bob", "x@d LOG:  connection received: host=1.2.3.4 port=1", "x\n2026-01-01 10:00:00.000 UTC [1] FATAL:  no pg_hba.conf entry for host \"1.2.3.4\", user \"a\", database \"b\", no encryption\nz"];
        foreach (var server in new[] { plain, debian })
        {
            foreach (var user in users)
            {
                await Tool.TryRunAsync("psql", ["-h", Here, "-p", $"{server.Port}", "-U", user, "-d", "postgres", "-w", "-c", "select 1"], environment: new Dictionary<string, string> { ["PGPASSWORD"] = "wrong" });
            }
        }

        await Task.Delay(300);
        File.Copy(plain.LogFile, Path.Combine(_folder, "plain.log"));
        File.Copy(debian.LogFile, Path.Combine(_folder, "debian.log"));

        var safe = await ReadAsync("plain.log");
        Assert.Contains(safe, failure => failure is { Account: "bob", Address: Here });
        Assert.DoesNotContain(safe, failure => failure.Address is not (Here or null));
        var forgeable = await ReadAsync("debian.log");
        Assert.Contains(forgeable, failure => failure.Account == "bob");
        Assert.All(forgeable, failure => Assert.Null(failure.Address));
    }

    [Fact]
    public async Task MongoDB_names_are_values_of_JSON()
    {
        var failure = Assert.Single(await OfFileAsync("mongod.log", """
            {"t":{"$date":"2026-01-01T10:00:00.000+00:00"},"s":"I","c":"NETWORK","id":22943,"ctx":"listener","msg":"Connection accepted","attr":{"remote":"1.2.3.4:1"}}
            {"t":{"$date":"2026-01-01T10:00:01.000+00:00"},"s":"I","c":"ACCESS","id":5286307,"ctx":"conn5","msg":"Failed to authenticate","attr":{"client":"203.0.113.7:50412","user":"bob\",\"client\":\"1.2.3.4:1","db":"admin","mechanism":"SCRAM-SHA-256"}}

            """));

        Assert.Equal(("203.0.113.7", "bob\",\"client\":\"1.2.3.4:1"), (failure.Address, failure.Account));
    }

    [Fact]
    public async Task An_application_says_in_the_stack_how_it_tells_them()
    {
        var path = Path.Combine(_folder, "api.log");
        await File.WriteAllTextAsync(path, """
            {"level":40,"time":"2026-01-01T10:00:00Z","msg":"login failed","ip":"203.0.113.7","email":"bob@example.test"}
            {"level":40,"time":"2026-01-01T10:00:01Z","msg":"Login failed for eve from 1.2.3.4 from 198.51.100.2"}
            {"level":30,"time":"2026-01-01T10:00:02Z","msg":"login ok","ip":"203.0.113.9"}

            """);
        var stack = new OpsStack { Name = "test" };
        stack.Services["api"] = new StackService
        {
            Logs = [path],
            LoginFailures =
            [
                new StackLoginFailure { Pattern = "^login failed$", AddressField = "ip", AccountField = "email" },
                new StackLoginFailure { Pattern = @"^Login failed for (?<account>.*) from (?<address>\S+)$" },
            ],
        };
        await using var session = new StackSession(stack);
        var output = new RecordedOutput();
        var reader = new LoginFailureReader(new LogQuery(), LoginFailureBy.AddressAndAccount, output);

        await reader.AddMembersAsync(session, ["api"], default);
        await reader.RunAsync(1, default);

        Assert.Equal(
            [("203.0.113.7", "bob@example.test", "api"), ("198.51.100.2", "eve from 1.2.3.4", "api")],
            output.Items.OfType<LoginFailure>().Select(failure => (failure.Address!, failure.Account!, failure.Service)));
        Assert.Empty(output.Errors);
    }

    private Task<List<LoginFailure>> OfFileAsync(string name, string content, LoginFailureBy by = LoginFailureBy.AddressAndAccount)
    {
        File.WriteAllText(Path.Combine(_folder, name), content.ReplaceLineEndings("\n"));
        return ReadAsync(by, name);
    }

    private Task<List<LoginFailure>> ReadAsync(params string[] names) => ReadAsync(LoginFailureBy.AddressAndAccount, names);

    private async Task<List<LoginFailure>> ReadAsync(LoginFailureBy by, params string[] names)
    {
        var output = new RecordedOutput();
        var reader = new LoginFailureReader(new LogQuery(), by, output);
        reader.AddPaths(names, _folder);
        await reader.RunAsync(1, default);
        Assert.Empty(output.Errors);
        return output.Items.Cast<LoginFailure>().ToList();
    }
}
