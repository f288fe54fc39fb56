using OpsRunbook.Engine.Databases;
using OpsRunbook.Engine.Health;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Fixtures;
using static OpsRunbook.Engine.Tests.Databases.DatabaseFixtures;

namespace OpsRunbook.Engine.Tests.Databases;

public sealed class DatabaseStatusTests
{
    [SkippableFact]
    public async Task PostgreSql_counts_clients_only_and_tells_transactions_that_were_left_open()
    {
        await using var server = await Servers.NewPostgreSqlAsync();
        await using var idle = await ConnectAsync(server, "idle");
        await using var open = await ConnectAsync(server, "open");
        await open.RunAsync("BEGIN; SELECT 1");
        var status = await ReadAsync(Of(server));
        Assert.Equal((3, 50, 1), (status.Connections, status.MaximumConnections, status.IdleInTransaction));
        Assert.Equal((HealthStatus.Healthy, "single", "postgres"), (status.Status, status.Role, status.Catalog));
        Assert.True(status.Size > 1_000_000 && status.Uptime > TimeSpan.Zero && status.OldestTransaction >= TimeSpan.Zero);
        Assert.InRange(status.CacheHitPercent!.Value, 0, 100);
        Assert.Contains(status.Checks, check => check.Name == "idleInTransaction");
    }

    [SkippableFact]
    public async Task Connections_are_judged_by_the_limits_of_the_stack()
    {
        await using var server = await Servers.NewPostgreSqlAsync("max_connections=10");
        await using var first = await ConnectAsync(server, "a");
        await using var second = await ConnectAsync(server, "b");
        var limits = new StackThresholds { DbConnections = new Threshold(20, 95) };
        var status = await ReadAsync(Of(server), limits);
        Assert.Equal((HealthStatus.Warning, 30.0), (status.Status, status.ConnectionPercent));
        Assert.Equal("Db.ConnectionsHigh", status.Checks.Single(check => check.Status != HealthStatus.Healthy).Reason);
    }

    [SkippableFact]
    public async Task A_replica_and_its_primary_say_so_and_one_that_is_cut_off_is_critical()
    {
        await using var primary = await Servers.NewPostgreSqlAsync();
        await using var replica = await Servers.NewPostgreSqlReplicaAsync(primary);
        var status = await EventuallyAsync(async () => await ReadAsync(Of(replica)) is { Status: HealthStatus.Healthy, Lag: not null } found ? found : null);
        Assert.Equal("replica", status.Role);
        Assert.Equal(("primary", 1), await EventuallyAsync(async () => await ReadAsync(Of(primary)) is { Replicas: > 0 } found ? Tuple.Create(found.Role, found.Replicas) : null) is var (role, count) ? (role!, count) : default);
        Assert.Contains("replica", (await TestAsync(Of(replica))).Message, StringComparison.Ordinal);

        // Everything that came has been replayed, so that a lag computed from that alone would be none.
        await primary.StopAsync();
        status = await EventuallyAsync(async () => await ReadAsync(Of(replica)) is { Status: HealthStatus.Critical } found ? found : null);
        Assert.Null(status.Lag);
        Assert.Contains(status.Checks, check => check.Reason == "Db.ReplicationBroken");
    }

    [SkippableFact]
    public async Task MariaDb_says_the_same()
    {
        var server = await Servers.MariaDbAsync();
        var name = await server.CreateDatabaseAsync();
        await server.ExecuteAsync("CREATE TABLE t(id INT PRIMARY KEY); INSERT INTO t SELECT seq FROM seq_1_to_1000", name);
        await using var open = await MySqlSessionsTests.ClientAsync(server, name);
        await open.Session.QueryAsync("START TRANSACTION", default);
        await open.Session.QueryAsync("UPDATE t SET id = 5000 WHERE id = 1", default);
        var status = await ReadAsync(Of(server, name));
        Assert.True(status.IdleInTransaction >= 1, status.Message);
        Assert.True(status is { Status: HealthStatus.Healthy, Role: "single", Connections: >= 2, MaximumConnections: > 0, Size: > 0 });
        Assert.Matches(@"^10\.\d+\.\d+$", status.Version);
    }

    [SkippableFact]
    public async Task A_replica_of_MariaDb_and_its_primary_say_so_and_one_that_is_cut_off_is_critical()
    {
        await using var primary = await Servers.NewMariaDbAsync("--server-id=1", "--log-bin=bin");
        await using var replica = await Servers.NewMariaDbAsync("--server-id=2", "--read-only=1", "--slave-net-timeout=5");
        await primary.ExecuteAsync("CREATE USER copies@'127.0.0.1' IDENTIFIED BY 'copies-Pass-1'; GRANT REPLICATION SLAVE ON *.* TO copies@'127.0.0.1'");

        // From here on: before, the primary has given itself a password, which is not the replica's.
        var position = (await primary.ExecuteAsync("SELECT @@gtid_binlog_pos")).Trim();
        await replica.ExecuteAsync(
            $"SET GLOBAL gtid_slave_pos = '{position}'; CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT={primary.Port}, MASTER_USER='copies', MASTER_PASSWORD='copies-Pass-1', MASTER_CONNECT_RETRY=1, MASTER_USE_GTID=slave_pos; START SLAVE");
        await primary.ExecuteAsync("CREATE DATABASE shop");
        var status = await EventuallyAsync(async () => await ReadAsync(Of(replica)) is { Status: HealthStatus.Healthy, Lag: not null } found ? found : null);
        Assert.Equal("replica", status.Role);
        Assert.Equal("primary", (await EventuallyAsync(async () => await ReadAsync(Of(primary)) is { Replicas: 1 } found ? found : null)).Role);

        await primary.StopAsync();
        status = await EventuallyAsync(async () => await ReadAsync(Of(replica)) is { Status: HealthStatus.Critical } found ? found : null);
        var check = Assert.Single(status.Checks, check => check.Reason == "Db.ReplicationBroken");
        Assert.Contains("IO thread", check.Message, StringComparison.Ordinal);
        Assert.Null(status.Lag);
    }

    [SkippableFact]
    public async Task MariaDb_of_a_user_without_rights_leaves_unknown_what_it_does_not_show()
    {
        var server = await Servers.MariaDbAsync();
        var name = await server.CreateDatabaseAsync();
        await server.ExecuteAsync($"CREATE OR REPLACE USER tiny@'127.0.0.1' IDENTIFIED BY 'tiny-Pass-1'; GRANT SELECT ON {name}.* TO tiny@'127.0.0.1'");
        var database = Of(server, name);
        (database.User, database.Password) = ("tiny", SecretReference.Parse("tiny-Pass-1"));
        var status = await ReadAsync(database);
        Assert.Equal((HealthStatus.Unknown, null), (status.Status, status.OldestTransaction));
        Assert.Contains("PROCESS", status.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_server_that_cannot_be_asked_has_a_status_too()
    {
        var status = await ReadAsync(new StackDatabase { Engine = DatabaseEngine.Postgres, Server = "127.0.0.1", Port = 1, User = "x" });
        Assert.Equal((HealthStatus.Critical, "Db.PortClosed"), (status.Status, Assert.Single(status.Checks).Reason));
        Assert.NotEmpty(status.Message);
    }

    [SkippableFact]
    public async Task A_connection_is_tried_phase_by_phase_and_a_failure_says_how_far_it_came()
    {
        var server = await Servers.PostgreSqlAsync();
        var good = await TestAsync(Of(server));
        Assert.Equal((HealthStatus.Healthy, "TLSv1.3"), (good.Status, good.Tls));
        Assert.True(good is { Connect: { Ticks: > 0 }, LogIn: { Ticks: > 0 }, Query: { Ticks: > 0 } } && good.Total >= good.LogIn);

        var database = Of(server);
        database.Password = SecretReference.Parse("not-the-Password-1");
        var refused = await TestAsync(database);
        Assert.Equal((HealthStatus.Critical, "Db.LoginRefused"), (refused.Status, refused.Reason));
        Assert.NotNull(refused.Connect);
        Assert.Null(refused.Query);
        Assert.NotEmpty(refused.NextStep!);
        Assert.DoesNotContain("not-the-Password-1", refused.Message + refused.NextStep, StringComparison.Ordinal);

        var maria = await Servers.MariaDbAsync();
        var other = await TestAsync(Of(maria));
        Assert.Equal(HealthStatus.Healthy, other.Status);
        Assert.StartsWith("TLS", other.Tls, StringComparison.Ordinal);
        Assert.True(other is { Connect: not null, LogIn: not null, Query: not null });
    }

    [SkippableTheory]
    [InlineData("sslmode=verify-full&sslrootcert=CA", "localhost", null)]
    [InlineData("sslmode=verify-full&sslrootcert=CA", "127.0.0.2", "Db.TlsNameMismatch")]
    [InlineData("sslmode=verify-full", "localhost", "Db.TlsUntrusted")]
    [InlineData("ssl-mode=VERIFY_IDENTITY&ssl-ca=CA", "localhost", null)]
    public async Task An_address_may_say_how_its_certificate_is_verified(string options, string host, string? reason)
    {
        await using var server = await Servers.NewPostgreSqlAsync("listen_addresses=*");
        await File.AppendAllTextAsync(Path.Combine(server.DataFolder, "pg_hba.conf"), "host all all 127.0.0.0/8 scram-sha-256\n");
        await server.ExecuteAsync("SELECT pg_reload_conf()");
        var stack = new OpsStack();
        HealthTarget.Add(
            stack, $"postgres://{host}:{server.Port}/postgres?{options.Replace("CA", Uri.EscapeDataString(server.TlsCaFile), StringComparison.Ordinal)}", new System.Net.NetworkCredential(server.User, server.Password));
        Assert.Equal(reason, (await TestAsync(stack.Databases.Values.Single())).Reason);
    }

    [Theory]
    [InlineData("postgres://h/d?sslmode=never")]
    [InlineData("postgres://h/d?password=hunter2")]
    public void An_address_with_an_option_that_is_none_is_refused_without_its_value(string address)
    {
        var error = Assert.Throws<OpsException>(() => HealthTarget.Add(new OpsStack(), address, null));
        Assert.Equal("Health.UriInvalid", error.Id);
        Assert.DoesNotContain("hunter2", error.FullMessage, StringComparison.Ordinal);
    }

    private static async Task<DbStatus> ReadAsync(StackDatabase database, StackThresholds? thresholds = null)
    {
        var output = new RecordedOutput();
        await using var session = new StackSession(new OpsStack { Thresholds = thresholds ?? new StackThresholds() });
        await new StatusReader(Member(session, database), output).RunAsync(default);
        return Assert.Single(output.Items.OfType<DbStatus>());
    }

    private static async Task<DbConnectionTest> TestAsync(StackDatabase database)
    {
        var output = new RecordedOutput();
        await using var session = new StackSession(new OpsStack());
        await new ConnectionTester(Member(session, database), output).RunAsync(default);
        return Assert.Single(output.Items.OfType<DbConnectionTest>());
    }
}
