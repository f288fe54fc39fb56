using System.Globalization;
using OpsRunbook.Engine.Databases;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Databases;

public sealed class TableTests
{
    public static readonly string[] HostileNames = ["we\"ird; drop table x;--", "MixedCase", "it's", "a b", "dot.ted", "back\\slash", "ünï漢字", ":colon @at $1"];

    [SkippableTheory]
    [InlineData("id int NOT NULL, a bool NOT NULL, b bigint NOT NULL, c bool NOT NULL", "i, true, i, false", DbEstimateTrust.High)]
    [InlineData("id int, name text, note text", "i, 'name ' || i, CASE WHEN i % 3 = 0 THEN repeat('x', i % 200) END", DbEstimateTrust.Medium)]
    [InlineData("id int, body text", "i, repeat('y', 500 + i % 100)", DbEstimateTrust.Medium)]
    public async Task The_estimate_of_bloat_is_near_what_pgstattuple_counts(string columns, string values, DbEstimateTrust trust)
    {
        var server = await Servers.PostgreSqlAsync();
        var name = await server.CreateDatabaseAsync();
        await server.ExecuteAsync("CREATE EXTENSION pgstattuple", name);
        await using var database = new TestDatabase(server, name);
        foreach (var (table, kept, vacuum) in new[] { ("full_one", 1, true), ("half", 2, true), ("tenth", 10, true), ("dead", 4, false) })
        {
            await server.ExecuteAsync($"CREATE TABLE {table} ({columns}) WITH (autovacuum_enabled = off); INSERT INTO {table} SELECT {values} FROM generate_series(1, 20000) i; SELECT pg_stat_force_next_flush()", name);

            // A session counts its changes when it ends, which may be after the analyze that follows: it would count them again.
            await server.ExecuteAsync($"DELETE FROM {table} WHERE id % {kept} <> 0; SELECT pg_stat_force_next_flush()", name);
            await server.ExecuteAsync($"{(vacuum ? "VACUUM ANALYZE" : "ANALYZE")} {table}", name);
            await server.ExecuteAsync("SELECT pg_stat_force_next_flush()", name);

            // What live rows do not take, each with its pointer of 4 bytes and half of the largest gap that its alignment leaves.
            var counted = Convert.ToDouble(await server.ExecuteAsync($"SELECT 100 * (1 - (tuple_len + tuple_count * 7.5) / table_len) FROM pgstattuple('{table}')", name), CultureInfo.InvariantCulture);
            var seen = await database.TableAsync(table);
            Assert.True(Math.Abs(counted - seen.BloatPercent!.Value) < 10, $"{table} ({columns}): estimated {seen.BloatPercent}, counted {counted}");
            Assert.Equal("column widths", seen.BloatMethod);
            Assert.Equal(trust, seen.BloatTrust);
            Assert.Equal(20000 / kept, seen.Rows!.Value, 200.0);
        }
    }

    [SkippableFact]
    public async Task An_estimate_says_when_it_cannot_be_trusted()
    {
        var server = await Servers.PostgreSqlAsync();
        var name = await server.CreateDatabaseAsync();
        await using var database = new TestDatabase(server, name);
        await server.ExecuteAsync("CREATE TABLE never (a int) WITH (autovacuum_enabled = off); INSERT INTO never SELECT generate_series(1, 5000)", name);
        await server.ExecuteAsync("CREATE TABLE changed (a int) WITH (autovacuum_enabled = off); INSERT INTO changed SELECT generate_series(1, 5000); ANALYZE changed", name);
        await server.ExecuteAsync("UPDATE changed SET a = a + 1 WHERE a < 4000; SELECT pg_stat_force_next_flush()", name);
        var never = await database.TableAsync("never");
        Assert.Equal((null, DbEstimateTrust.None, "never analyzed"), (never.BloatPercent, never.BloatTrust, never.BloatNote));
        Assert.Null(never.Analyzed);
        var changed = await database.TableAsync("changed");
        Assert.Equal((DbEstimateTrust.Low, "much has changed since the last analyze"), (changed.BloatTrust, changed.BloatNote));
        Assert.InRange(changed.DeadRows!.Value, 3000, 5000);
        Assert.NotNull(changed.LastAnalyze);
        Assert.Null(changed.Vacuumed);
        Assert.InRange(changed.TransactionAge!.Value, 1, 1000);
    }

    [SkippableFact]
    public async Task Names_need_no_quotes_and_partitions_go_by_their_parent()
    {
        var server = await Servers.PostgreSqlAsync();
        var name = await server.CreateDatabaseAsync();
        await using var database = new TestDatabase(server, name);
        foreach (var table in HostileNames)
        {
            await server.ExecuteAsync($"CREATE TABLE \"{table.Replace("\"", "\"\"", StringComparison.Ordinal)}\" (a int)", name);
        }

        await server.ExecuteAsync("CREATE SCHEMA \"Sales\"; CREATE TABLE \"Sales\".\"Orders\" (d date) PARTITION BY RANGE (d)", name);
        await server.ExecuteAsync("CREATE TABLE \"Sales\".y1 PARTITION OF \"Sales\".\"Orders\" FOR VALUES FROM ('2025-01-01') TO ('2026-01-01'); CREATE TABLE \"Sales\".y2 PARTITION OF \"Sales\".\"Orders\" FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')", name);
        foreach (var table in HostileNames)
        {
            Assert.Equal(table, (await database.TableAsync(table)).Table);
        }

        Assert.Equal(["y1", "y2"], (await database.TablesAsync("Sales.Orders")).Select(table => table.Table).Order());
        Assert.All(await database.TablesAsync("Orders"), table => Assert.Equal("Sales.Orders", table.PartitionOf));
        await database.TablesAsync("nothing");
        Assert.Equal("Db.TableNotFound", Assert.Single(database.Output.Errors).Id);
    }

    [SkippableFact]
    public async Task A_table_that_is_locked_exclusively_keeps_nobody_waiting()
    {
        var server = await Servers.PostgreSqlAsync();
        var name = await server.CreateDatabaseAsync();
        await server.ExecuteAsync("CREATE TABLE held (a int PRIMARY KEY); INSERT INTO held SELECT generate_series(1, 5000); CREATE INDEX held_e ON held ((a + 1)) WHERE a > 3; ANALYZE held", name);
        await using var holder = new Npgsql.NpgsqlConnection(server.ConnectionStringOf(name));
        await holder.OpenAsync();
        await using var transaction = await holder.BeginTransactionAsync();
        await using (var command = new Npgsql.NpgsqlCommand("LOCK TABLE held IN ACCESS EXCLUSIVE MODE", holder))
        {
            await command.ExecuteNonQueryAsync();
        }

        await using var database = new TestDatabase(server, name);
        database.Definition.Timeout = TimeSpan.FromSeconds(10);
        var table = await database.TableAsync("held");
        Assert.True(table.TableBytes > 0 && table.IndexBytes > 0, "The size of the last count is there.");
        Assert.Contains("locked exclusively", table.BloatNote, StringComparison.Ordinal);
        Assert.Equal(2, (await database.IndexesAsync()).Count);
    }

    [SkippableFact]
    public async Task MariaDb_tells_engines_and_free_space()
    {
        var server = await Servers.MariaDbAsync();
        var name = await server.CreateDatabaseAsync();
        await server.ExecuteAsync("CREATE TABLE `we``ird; drop table x;--` (a INT PRIMARY KEY) ENGINE=InnoDB; CREATE TABLE MixedCase (a INT) ENGINE=MyISAM; CREATE TABLE aria (a INT) ENGINE=Aria", name);
        await server.ExecuteAsync("INSERT INTO MixedCase SELECT seq FROM seq_1_to_10000; DELETE FROM MixedCase WHERE a % 2 = 0", name);
        await using var database = new TestDatabase(server, name);
        var tables = (await database.TablesAsync()).ToDictionary(table => table.Table);
        Assert.Equal(("InnoDB", "MyISAM", "Aria"), (tables["we`ird; drop table x;--"].Engine, tables["MixedCase"].Engine, tables["aria"].Engine));
        Assert.Equal((5000, DbEstimateTrust.Medium), (tables["MixedCase"].Rows!.Value, tables["MixedCase"].BloatTrust));
        Assert.True(tables["MixedCase"].BloatBytes > 0);
        Assert.Equal(DbEstimateTrust.Low, tables["we`ird; drop table x;--"].BloatTrust);
        Assert.Null(tables["MixedCase"].DeadRows);
    }
}
