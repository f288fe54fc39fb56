using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using Npgsql;
using OpsRunbook.Engine.Databases;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Engine.Tests.Endpoints;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Databases;

public sealed class DatabaseCheckTests
{
    [SkippableFact]
    public async Task PostgreSql_logs_in_and_counts_client_connections_only()
    {
        var server = await Servers.PostgreSqlAsync();
        var result = await RunAsync(Postgres(server));
        Assert.Equal(HealthStatus.Healthy, result.Status);
        Assert.Matches(@"^PostgreSQL \d+\.\d+, \d+ of 50 connections in use", result.Message);
        Assert.Equal($"127.0.0.1:{server.Port}", result.Target);
        Assert.NotNull(result.Latency);
        var connections = Assert.Single(result.Measurements);
        Assert.Equal((25.0, 40.0, 50.0), (connections.Warning, connections.Critical, connections.Maximum));
        var clients = await server.ExecuteAsync("SELECT count(*)::int FROM pg_stat_activity");
        Assert.True(connections.Value < (int)clients!, "Background processes were counted.");
    }

    [SkippableFact]
    public async Task PostgreSql_counts_the_same_for_a_role_that_sees_no_details()
    {
        var server = await Servers.NewPostgreSqlAsync();
        await using var own = server;
        await server.ExecuteAsync("CREATE ROLE small LOGIN PASSWORD 'pa ss''\\\"x'");
        await using var held = new NpgsqlConnection(server.ConnectionString);
        await held.OpenAsync();
        var database = Postgres(server);
        database.User = "small";
        database.Password = SecretReference.Parse("pa ss'\\\"x");
        var result = await RunAsync(database);
        Assert.Equal(2, Assert.Single(result.Measurements).Value);
        Assert.Equal(HealthStatus.Healthy, result.Status);
    }

    [SkippableFact]
    public async Task PostgreSql_leaves_no_connection_behind()
    {
        await using var server = await Servers.NewPostgreSqlAsync();
        await RunAsync(Postgres(server));
        await HttpProbeTests.EventuallyAsync(() =>
            (long)server.ExecuteAsync("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'").GetAwaiter().GetResult()! == 1);
    }

    [SkippableFact]
    public async Task PostgreSql_over_its_connection_threshold_is_a_warning_then_critical_then_full()
    {
        await using var server = await Servers.NewPostgreSqlAsync("max_connections=10", "superuser_reserved_connections=0");
        var open = new List<NpgsqlConnection>();
        try
        {
            foreach (var (count, status, reason) in new[]
            {
                (5, HealthStatus.Warning, "Db.ConnectionsHigh"), (8, HealthStatus.Critical, "Db.ConnectionsHigh"), (10, HealthStatus.Critical, "Db.TooManyConnections"),
            })
            {
                while (open.Count < count)
                {
                    var connection = new NpgsqlConnection(server.ConnectionString);
                    open.Add(connection);
                    await connection.OpenAsync();
                }

                var result = await RunAsync(Postgres(server));
                Assert.Equal((status, reason), (result.Status, result.Reason));

                // Without a login too: the server says so before it asks who it is.
                var anonymous = await RunAsync(new StackDatabase { Engine = DatabaseEngine.Postgres, Server = "127.0.0.1", Port = server.Port });
                Assert.Equal(count == 10 ? "Db.TooManyConnections" : null, anonymous.Reason);
            }
        }
        finally
        {
            foreach (var connection in open)
            {
                await connection.DisposeAsync();
            }
        }
    }

    [SkippableTheory]
    [InlineData("password", "Db.LoginRefused")]
    [InlineData("database", "Db.DatabaseMissing")]
    public async Task PostgreSql_failures_to_log_in_are_told_apart_without_the_password(string wrong, string reason)
    {
        var server = await Servers.PostgreSqlAsync();
        var database = Postgres(server);
        if (wrong == "password")
        {
            database.Password = SecretReference.Parse("not-the-Password-1");
        }
        else
        {
            database.Database = "nowhere";
        }

        var result = await RunAsync(database);
        Assert.Equal((HealthStatus.Critical, reason), (result.Status, result.Reason));
        Assert.DoesNotContain("not-the-Password-1", result.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(server.Password, result.Message, StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData("verify-full", "localhost", true, null)]
    [InlineData("verify-full", "127.0.0.2", true, "Db.TlsNameMismatch")]
    [InlineData("verify-ca", "127.0.0.2", true, null)]
    [InlineData("verify-full", "localhost", false, "Db.TlsUntrusted")]
    [InlineData("require", "localhost", false, null)]
    [InlineData("disable", "localhost", false, null)]
    public async Task PostgreSql_certificate_is_judged_as_configured_with_and_without_login(string tls, string name, bool ca, string? reason)
    {
        await using var server = await Servers.NewPostgreSqlAsync("listen_addresses=*");
        var hba = Path.Combine(server.DataFolder, "pg_hba.conf");
        await File.AppendAllTextAsync(hba, "host all all 127.0.0.0/8 scram-sha-256\n");
        await server.ExecuteAsync("SELECT pg_reload_conf()");
        var database = Postgres(server);
        database.Server = name;
        database.Tls = tls;
        database.TlsCa = ca ? server.TlsCaFile : null;
        Assert.Equal(reason, (await RunAsync(database)).Reason);
        database.User = null;
        database.Password = null;
        Assert.Equal(reason, (await RunAsync(database)).Reason);
    }

    [SkippableFact]
    public async Task PostgreSql_without_credentials_answers_and_says_that_nobody_logged_in()
    {
        var server = await Servers.PostgreSqlAsync();
        foreach (var database in new[]
        {
            new StackDatabase { Engine = DatabaseEngine.Postgres, Server = "127.0.0.1", Port = server.Port },
            new StackDatabase { Engine = DatabaseEngine.Postgres, Socket = server.SocketFolder, Port = server.Port },
        })
        {
            var result = await RunAsync(database);
            Assert.Equal(HealthStatus.Healthy, result.Status);
            Assert.Contains("login not tried", result.Message, StringComparison.Ordinal);
        }
    }

    [SkippableTheory]
    [InlineData(DatabaseEngine.Postgres, true)]
    [InlineData(DatabaseEngine.Postgres, false)]
    [InlineData(DatabaseEngine.MariaDb, true)]
    [InlineData(DatabaseEngine.MariaDb, false)]
    public async Task Works_through_an_ssh_host_and_leaves_no_file(DatabaseEngine engine, bool login)
    {
        var sshd = await Servers.SshdAsync();
        StackDatabase database;
        if (engine == DatabaseEngine.Postgres)
        {
            var server = await Servers.PostgreSqlAsync();
            database = Postgres(server);
            database.Tls = "verify-full";
            database.Server = "localhost";
            database.TlsCa = server.TlsCaFile;
        }
        else
        {
            database = MariaDb(await Servers.MariaDbAsync());
        }

        database.Host = "far";
        database.Timeout = TimeSpan.FromSeconds(30);
        if (!login)
        {
            database.User = null;
            database.Password = null;
        }

        var stack = new OpsStack
        {
            Hosts = { ["far"] = new StackHost { Ssh = sshd.Destination, Identity = sshd.IdentityFile, Options = new Dictionary<string, string>(sshd.Options) } },
        };
        await using var session = new StackSession(stack);
        var result = await new DatabaseCheck("db", database, new StackThresholds()).RunAsync(session, CancellationToken.None);
        Assert.Equal(HealthStatus.Healthy, result.Status);
        Assert.Contains(login ? "connections in use" : "login not tried", result.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task MariaDb_logs_in_through_its_client_and_counts_connections()
    {
        var server = await Servers.MariaDbAsync();
        var result = await RunAsync(MariaDb(server));
        Assert.Equal(HealthStatus.Healthy, result.Status);
        Assert.Matches(@"^MariaDB \d+\.\d+\.\d+, \d+ of 151 connections in use", result.Message);
        Assert.Equal(151, Assert.Single(result.Measurements).Maximum);
    }

    [SkippableFact]
    public async Task MariaDb_password_is_seen_in_no_process_and_no_environment()
    {
        var server = await Servers.MariaDbAsync();
        const string Secret = "S3 cret#\"'\\=;é$HOME`id`\n$(id)";
        await server.ExecuteAsync("CREATE OR REPLACE USER spy@'127.0.0.1' IDENTIFIED BY '" + Secret.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal) + "'");
        var database = MariaDb(server);
        database.User = "spy";
        database.Password = SecretReference.Parse(Secret);
        database.Database = null;
        using var watch = new ProcessWatch("S3 cret", "max_connections AS");
        for (var i = 0; i < 5; i++)
        {
            var result = await RunAsync(database);
            Assert.Equal(HealthStatus.Healthy, result.Status);
            Assert.Contains("connections in use", result.Message, StringComparison.Ordinal);
        }

        Assert.True(await watch.EndAsync("--defaults-file=/dev/fd/4") > 0, "The client was never caught running, so the test has shown nothing.");
        Assert.Empty(watch.Seen);
    }

    [SkippableTheory]
    [InlineData("password", "Db.LoginRefused")]
    [InlineData("database", "Db.DatabaseMissing")]
    public async Task MariaDb_failures_to_log_in_are_told_apart_without_the_password(string wrong, string reason)
    {
        var server = await Servers.MariaDbAsync();
        var database = MariaDb(server);
        if (wrong == "password")
        {
            database.Password = SecretReference.Parse("not-the-Password-1");
        }
        else
        {
            database.Database = "nowhere";
        }

        var result = await RunAsync(database);
        Assert.Equal((HealthStatus.Critical, reason), (result.Status, result.Reason));
        Assert.DoesNotContain("not-the-Password-1", result.Message, StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData("verify-full", "localhost", true, null)]
    [InlineData("verify-full", "127.0.0.2", true, "Db.TlsNameMismatch")]
    [InlineData("verify-full", "localhost", false, "Db.TlsUntrusted")]
    [InlineData("require", "localhost", false, null)]
    [InlineData("disable", "localhost", false, null)]
    public async Task MariaDb_certificate_is_judged_as_configured(string tls, string name, bool ca, string? reason)
    {
        await using var server = await Servers.NewMariaDbAsync("--bind-address=0.0.0.0");
        await server.ExecuteAsync($"CREATE USER far@'%' IDENTIFIED BY '{server.Password}'");
        var database = MariaDb(server);
        database.User = "far";
        database.Database = null;
        database.Server = name;
        database.Tls = tls;
        database.TlsCa = ca ? server.TlsCaFile : null;
        var result = await RunAsync(database);
        Assert.True(reason == result.Reason, $"{result.Reason}: {result.Message}");
    }

    [SkippableFact]
    public async Task MariaDb_without_credentials_is_greeted_and_does_not_lock_us_out()
    {
        await using var server = await Servers.NewMariaDbAsync("--max-connect-errors=1");
        var database = new StackDatabase { Engine = DatabaseEngine.MySql, Server = "127.0.0.1", Port = server.Port };
        for (var i = 0; i < 3; i++)
        {
            var result = await RunAsync(database);
            Assert.Equal(HealthStatus.Healthy, result.Status);
            Assert.Matches(@"^MariaDB \d+\.\d+\.\d+ answers; no credentials", result.Message);
        }

        await server.ExecuteAsync("SELECT 1");
        Assert.Equal("0", (await server.ExecuteAsync("SELECT COALESCE(SUM(VARIABLE_VALUE), 0) FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'CONNECTION_ERRORS_PEER_ADDRESS'")).Trim());
    }

    [SkippableFact]
    public async Task MariaDb_that_is_full_says_so_with_and_without_login()
    {
        await using var server = await Servers.NewMariaDbAsync("--max-connections=10", "--extra-max-connections=1");
        using var stop = new CancellationTokenSource();
        var held = Enumerable.Range(0, 11).Select(_ => server.ExecuteAsync("SELECT SLEEP(20)")).ToList();
        var database = MariaDb(server);
        var anonymous = new StackDatabase { Engine = DatabaseEngine.MariaDb, Server = "127.0.0.1", Port = server.Port };
        var watch = Stopwatch.StartNew();
        CheckResult result;
        do
        {
            result = await RunAsync(database);

            // While this check held a place, the last of the sleepers may have been refused: another one takes it.
            held.Add(server.ExecuteAsync("SELECT SLEEP(20)"));
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(15), result.Message);
        }
        while (result.Reason != "Db.TooManyConnections");

        Assert.Equal(HealthStatus.Critical, result.Status);
        Assert.Equal("Db.TooManyConnections", (await RunAsync(anonymous)).Reason);
        await server.DisposeAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => Task.WhenAll(held));
    }

    [Theory]
    [InlineData(DatabaseEngine.Postgres)]
    [InlineData(DatabaseEngine.MySql)]
    [InlineData(DatabaseEngine.MongoDb)]
    public async Task A_silent_server_a_closed_port_garbage_and_an_unknown_name_are_told_apart(DatabaseEngine engine)
    {
        foreach (var user in new[] { null, "someone" })
        {
            await using var silent = Misbehaving.Silent();
            var database = new StackDatabase { Engine = engine, Server = "127.0.0.1", Port = silent.Port, User = user, Timeout = TimeSpan.FromMilliseconds(500) };
            var watch = Stopwatch.StartNew();
            Assert.Equal("Db.Timeout", (await RunAsync(database)).Reason);
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(5));
            await HttpProbeTests.EventuallyAsync(() => silent is { Accepted: > 0, Open: 0 });

            await using var garbage = new Misbehaving(async (stream, token) =>
            {
                await stream.WriteAsync(Encoding.ASCII.GetBytes("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), token);
                await stream.CopyToAsync(Stream.Null, token);
            });
            database.Port = garbage.Port;
            database.Timeout = TimeSpan.FromSeconds(5);
            var result = await RunAsync(database);
            Assert.True(result is { Status: HealthStatus.Critical, Reason: "Db.ProtocolError" }, $"{user}: {result.Reason} {result.Message}");

            // Not the port of before, which another test may have been given by now.
            database.Port = TestRun.FreePort();
            Assert.Equal("Db.PortClosed", (await RunAsync(database)).Reason);
            database.Server = "no-such-name.invalid";
            Assert.Equal("Db.NameUnknown", (await RunAsync(database)).Reason);
        }
    }

    [Theory]
    [InlineData("57P03", "the database system is starting up", "Db.Starting")]
    [InlineData("53300", "sorry, too many clients already", "Db.TooManyConnections")]
    public async Task PostgreSql_that_is_starting_is_not_taken_for_one_that_is_up(string state, string text, string reason)
    {
        await using var server = new Misbehaving(async (stream, token) =>
        {
            var head = new byte[8];
            await stream.ReadExactlyAsync(head, token);
            if (BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(4)) == 80877103)
            {
                await stream.WriteAsync("N"u8.ToArray(), token);
                await stream.ReadExactlyAsync(head, token);
            }

            var body = Encoding.UTF8.GetBytes($"SFATAL\0VFATAL\0C{state}\0M{text}\0\0");
            var message = new byte[5 + body.Length];
            message[0] = (byte)'E';
            BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(1), body.Length + 4);
            body.CopyTo(message, 5);
            await stream.WriteAsync(message, token);
            await stream.CopyToAsync(Stream.Null, token);
        });
        foreach (var user in new[] { null, "someone" })
        {
            var result = await RunAsync(new StackDatabase { Engine = DatabaseEngine.Postgres, Server = "127.0.0.1", Port = server.Port, User = user });
            Assert.Equal((HealthStatus.Critical, reason), (result.Status, result.Reason));
            Assert.Contains(text, result.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task PostgreSql_without_tls_is_refused_when_tls_is_required()
    {
        await using var server = new Misbehaving(async (stream, token) =>
        {
            await stream.ReadExactlyAsync(new byte[8], token);
            await stream.WriteAsync("N"u8.ToArray(), token);
            await stream.CopyToAsync(Stream.Null, token);
        });
        foreach (var user in new[] { null, "someone" })
        {
            var result = await RunAsync(new StackDatabase { Engine = DatabaseEngine.Postgres, Server = "127.0.0.1", Port = server.Port, User = user, Tls = "require" });
            Assert.Equal("Db.TlsRefused", result.Reason);
        }
    }

    [Theory]
    [InlineData("isWritablePrimary", HealthStatus.Healthy, null)]
    [InlineData("secondary", HealthStatus.Healthy, null)]
    [InlineData("other", HealthStatus.Critical, "Db.Starting")]
    public async Task MongoDb_says_its_role(string role, HealthStatus status, string? reason)
    {
        await using var server = new Misbehaving(async (stream, token) =>
        {
            var head = new byte[16];
            await stream.ReadExactlyAsync(head, token);
            await stream.ReadExactlyAsync(new byte[BinaryPrimitives.ReadInt32LittleEndian(head) - 16], token);
            using var body = new MemoryStream();
            using var writer = new BinaryWriter(body);
            writer.Write(0);
            writer.Write((byte)8);
            writer.Write(Encoding.UTF8.GetBytes(role + "\0"));
            writer.Write(true);
            writer.Write((byte)2);
            writer.Write("setName\0"u8);
            writer.Write(4);
            writer.Write("rs0\0"u8);
            writer.Write((byte)1);
            writer.Write("ok\0"u8);
            writer.Write(1.0);
            writer.Write((byte)0);
            var document = body.ToArray();
            BinaryPrimitives.WriteInt32LittleEndian(document, document.Length);
            var message = new byte[21 + document.Length];
            BinaryPrimitives.WriteInt32LittleEndian(message, message.Length);
            BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(12), 2013);
            document.CopyTo(message, 21);
            await stream.WriteAsync(message, token);
            await stream.CopyToAsync(Stream.Null, token);
        });
        var database = new StackDatabase { Engine = DatabaseEngine.MongoDb, Server = "127.0.0.1", Port = server.Port };
        var result = await RunAsync(database);
        Assert.Equal((status, reason), (result.Status, result.Reason));
        Assert.Contains("rs0", result.Message, StringComparison.Ordinal);
        database.User = "someone";
        Assert.NotEqual(HealthStatus.Healthy, (await RunAsync(database)).Status);
    }

    private static StackDatabase Postgres(PostgreSqlServer server) => new()
    {
        Engine = DatabaseEngine.Postgres,
        Server = "127.0.0.1",
        Port = server.Port,
        User = server.User,
        Password = SecretReference.Parse(server.Password),
    };

    private static StackDatabase MariaDb(MariaDbServer server) => new()
    {
        Engine = DatabaseEngine.MariaDb,
        Server = "127.0.0.1",
        Port = server.Port,
        User = server.User,
        Password = SecretReference.Parse(server.Password),
        Database = server.Database,
    };

    private static async Task<CheckResult> RunAsync(StackDatabase database)
    {
        await using var session = new StackSession(new OpsStack());
        return await new DatabaseCheck("db", database, new StackThresholds()).RunAsync(session, CancellationToken.None);
    }
}
