using System.Globalization;
using OpsRunbook.Engine.Databases;
using OpsRunbook.Engine.Tests.Endpoints;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Databases;

public sealed class QueryTests
{
    public static TheoryData<string> HostileValues =>
    [
        "we\"ird; drop table x;--", "it's `quoted` \\ and <b>&amp;</b> &lt;", "line\nfeed\r\nand\ttab \u0001 \u001b[31m", "ünï 漢字 🙂", "\\! touch /tmp/x\n\\q\ndelimiter //",
        "$1 :name @name ?", "'", "\\", "", "'; COMMIT; DROP TABLE t; --", "E'\\''", "$$;$$",
    ];

    [Theory]
    [InlineData("SELECT 1; SELECT 2")]
    [InlineData("COMMIT; DELETE FROM t")]
    [InlineData("SELECT 'a'; -- x\nDROP TABLE t")]
    [InlineData("SELECT $$;$$; SELECT 1")]
    [InlineData("SELECT E'\\'; '; SELECT 1")]
    [InlineData("SELECT /* ; /* ; */ ; */ 1; SELECT 2")]
    [InlineData("SELECT a$b$; SELECT $b$")]
    public void Several_statements_are_refused(string sql) =>
        Assert.Equal("Db.SeveralStatements", Assert.Throws<OpsException>(() => SqlStatement.Parse(sql, DatabaseEngine.Postgres, [])).Id);

    [Theory]
    [InlineData("SELECT ';' ; ", "SELECT ';' ")]
    [InlineData("SELECT 1 -- ; SELECT 2\n;/* ; */", "SELECT 1 -- ; SELECT 2\n")]
    [InlineData("SELECT \"a;b\", $x$ ; $x$, 'it''s;', E'\\';' FROM t", "SELECT \"a;b\", $x$ ; $x$, 'it''s;', E'\\';' FROM t")]
    [InlineData("SELECT @a, :a::int, ':a', a::a, x <@ y, \"@a\" -- @a", "SELECT $1, $2::int, ':a', a::a, x <@ y, \"@a\" -- @a")]
    public void One_statement_keeps_its_text_but_for_the_places_of_values(string sql, string text)
    {
        var statement = SqlStatement.Parse(sql, DatabaseEngine.Postgres, sql.Contains('@', StringComparison.Ordinal) ? ["A"] : []);
        Assert.Equal(text, statement.Text(place => FormattableString.Invariant($"${place}")));
    }

    [Theory]
    [InlineData("SELECT `a;b`, \"c;'\", 'it\\'s;', @@version, @a # ; @a\n, :a", "SELECT `a;b`, \"c;'\", 'it\\'s;', @@version, ? # ; @a\n, ?")]
    public void MySql_writes_texts_and_comments_its_own_way(string sql, string text) =>
        Assert.Equal(text, SqlStatement.Parse(sql, DatabaseEngine.MySql, ["a"]).Text(_ => "?"));

    [Fact]
    public void What_is_shown_of_a_statement_has_no_texts_in_it()
    {
        var statement = SqlStatement.Parse("UPDATE  users\n SET password = 'hunter2' -- hunter2\n WHERE x = $a$hunter2$a$ AND id = @id", DatabaseEngine.Postgres, ["id"]);
        Assert.Equal("UPDATE users SET password = ? WHERE x = ? AND id = @id", statement.Shown);
        Assert.Equal("Db.ParameterUnused", Assert.Throws<OpsException>(() => SqlStatement.Parse("SELECT '@id'", DatabaseEngine.Postgres, ["id"])).Id);
        Assert.Equal("Db.StatementMissing", Assert.Throws<OpsException>(() => SqlStatement.Parse(" -- nothing\n;", DatabaseEngine.Postgres, [])).Id);
    }

    [Fact]
    public void Names_of_columns_are_made_to_differ() =>
        Assert.Equal(["id", "ID_3", "id_2", "column4", "x"], ColumnNames.Distinct(["id", "ID", "id_2", "", "x"]));

    [SkippableFact]
    public async Task PostgreSql_values_come_with_their_types_and_in_order()
    {
        var server = await Servers.PostgreSqlAsync();
        await using var database = new TestDatabase(server, server.Database);
        var row = Assert.Single(await database.QueryAsync(
            """
            SELECT 1::int2 AS a, 2::int4 AS b, 3::int8 AS c, 1.50::numeric AS d, 0.1::float8 AS e, true AS f, NULL::int AS g, 'text' AS h, '2026-01-02'::date AS i,
                   '2026-01-02 03:04:05.678+02'::timestamptz AS j, '2026-01-02 03:04:05'::timestamp AS k, '1 day 02:03:04'::interval AS l, '1 month'::interval AS m,
                   '\x00ff'::bytea AS n, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid AS o, ARRAY[1,2] AS p, '{"x":1}'::jsonb AS q, 'infinity'::timestamptz AS r,
                   12345678901234567890123456789012345::numeric AS s, 'NaN'::float8 AS t, '10.0.0.0/8'::cidr AS u, -5::int AS v, '-00:00:01.5'::interval AS w, 1 AS a, 2 AS "A"
            """));
        Assert.Equal(["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t", "u", "v", "w", "a_2", "A_3"], row.Columns);
        object?[] expected =
        [
            1, 2, 3L, 1.50m, 0.1, true, null, "text", new DateTime(2026, 1, 2), new DateTime(2026, 1, 2, 1, 4, 5, 678, DateTimeKind.Utc), new DateTime(2026, 1, 2, 3, 4, 5),
            new TimeSpan(1, 2, 3, 4), "1 mon", new byte[] { 0, 255 }, Guid.Parse("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"), "{1,2}", "{\"x\": 1}", "infinity",
            "12345678901234567890123456789012345", double.NaN, "10.0.0.0/8", -5, TimeSpan.FromSeconds(-1.5), 1, 2,
        ];
        Assert.Equal(expected, row.Values);
        Assert.Equal(DateTimeKind.Utc, ((DateTime)row["j"]!).Kind);
    }

    [SkippableFact]
    public async Task MariaDb_values_come_with_their_types_and_in_order()
    {
        var server = await Servers.MariaDbAsync();
        var name = await server.CreateDatabaseAsync();
        await server.ExecuteAsync(
            """
            SET sql_mode = 'ALLOW_INVALID_DATES';
            CREATE TABLE t (
              a TINYINT, b INT UNSIGNED, c BIGINT, d BIGINT UNSIGNED, e DECIMAL(30, 10), f DECIMAL(5, 2), g FLOAT, h DOUBLE, i BIT(1), j BIT(9), k DATE, l DATE, m DATETIME(6), n TIME(6),
              o TIME, p YEAR, q VARCHAR(9), r TEXT, s BLOB, t VARBINARY(4), u ENUM('1', 'x'), v INT, w VARCHAR(9), x JSON, y DATETIME, z VARBINARY(4));
            INSERT INTO t VALUES (
              -1, 4294967295, -9223372036854775808, 18446744073709551615, 12345678901234567890.0123456789, 1.50, 0.1, 0.1, b'1', b'100000001', '2026-01-02', '0000-00-00',
              '2026-01-02 03:04:05.678901', '-838:59:58.000001', '100:00:00', 2026, '', '007', x'00ff3c26', 'a<b', '1', NULL, NULL, '{"x":"<"}', '2026-02-30 00:00:00', '');
            """,
            name);
        await using var database = new TestDatabase(server, name);
        object?[] expected =
        [
            -1, 4294967295L, long.MinValue, ulong.MaxValue, "12345678901234567890.0123456789", 1.50m, 0.1f, 0.1, 1UL, 257UL, new DateTime(2026, 1, 2), "0000-00-00",
            new DateTime(2026, 1, 2, 3, 4, 5, 678).AddTicks(9010), -new TimeSpan(34, 22, 59, 58).Add(TimeSpan.FromTicks(10)), TimeSpan.FromHours(100), 2026, "", "007",
            new byte[] { 0, 255, 0x3c, 0x26 }, "a<b"u8.ToArray(), "1", null, null, "{\"x\":\"<\"}", "2026-02-30 00:00:00", Array.Empty<byte>(),
        ];
        var row = Assert.Single(await database.QueryAsync("SELECT * FROM t"));
        Assert.Equal(expected, row.Values);
        Assert.Equal("1.50", Convert.ToString(row["f"], CultureInfo.InvariantCulture));

        // Names that are there twice, sets of rows, WITH, a limit, values, comments.
        Assert.Equal([1, 2, 3m], (await database.QueryAsync("SELECT 1 AS a, 2 AS a, 3 + 0.0 AS A -- the end")).Single().Values.Select((value, at) => at == 2 ? decimal.Truncate((decimal)value!) : value));
        Assert.Equal([1, 5], (await database.QueryAsync("SELECT 1 AS n UNION SELECT @five ORDER BY n", ("five", 5))).Select(one => Convert.ToInt32(one["n"], CultureInfo.InvariantCulture)));
        Assert.All(await database.QueryAsync("SELECT 1 AS n UNION SELECT 5"), one => Assert.IsType<int>(one["n"]));
        Assert.All(await database.QueryAsync("WITH x AS (SELECT c FROM t) SELECT c, COUNT(*) AS n FROM x GROUP BY c"), one => Assert.Equal([long.MinValue, 1L], one.Values));
        Assert.All(await database.QueryAsync("/* x */ (SELECT a FROM t WHERE a = @a LIMIT 1)", ("a", -1)), one => Assert.Equal(-1, one["a"]));

        // What says nothing of its columns beforehand stays text.
        Assert.All(await database.QueryAsync("SHOW VARIABLES LIKE 'max_connections'"), one => Assert.IsType<string>(one["Value"]));
    }

    [SkippableFact]
    public async Task MariaDb_does_not_run_a_statement_twice_for_its_types()
    {
        var server = await Servers.MariaDbAsync();
        var name = await server.CreateDatabaseAsync();
        await server.ExecuteAsync("CREATE TABLE t (a INT); INSERT INTO t VALUES (1), (2)", name);
        await using var database = new TestDatabase(server, name);
        foreach (var (sql, count) in new (string, ulong)[]
        {
            ("SELECT UUID_SHORT() AS n FROM t", 2), ("SELECT UUID_SHORT() AS n FROM t UNION SELECT UUID_SHORT() FROM t", 4), ("SELECT a, UUID_SHORT() AS n FROM t ORDER BY a LIMIT 2", 2),
            ("WITH x AS (SELECT UUID_SHORT() AS n FROM t LIMIT 2) SELECT * FROM x", 2), ("SELECT UUID_SHORT() AS n", 1),
        })
        {
            // The server counts up by one whenever it works the function out, for whomever.
            var before = await NextAsync();
            Assert.All(await database.QueryAsync(sql), row => Assert.IsType<ulong>(row["n"]));
            Assert.Equal((sql, before + count + 1), (sql, await NextAsync()));
        }

        async Task<ulong> NextAsync() => ulong.Parse(await server.ExecuteAsync("SELECT UUID_SHORT()"), CultureInfo.InvariantCulture);
    }

    [SkippableTheory]
    [MemberData(nameof(HostileValues))]
    public async Task Any_value_and_any_name_goes_there_and_comes_back(string text)
    {
        var (postgres, maria) = (await Servers.PostgreSqlAsync(), await Servers.MariaDbAsync());
        await using var one = new TestDatabase(postgres, postgres.Database);
        await using var two = new TestDatabase(maria, null);
        if (!text.Contains('\0', StringComparison.Ordinal))
        {
            var row = Assert.Single(await one.QueryAsync($"SELECT @it::text AS {PostgreSqlSession.Identifier("x" + text)}, :IT = @it AS same", ("it", text)));
            Assert.Equal((text, true), (row.Values[0], row.Values[1]));
            Assert.Equal("x" + text, row.Columns[0]);
        }

        var other = Assert.Single(await two.QueryAsync("SELECT @it AS it, :it = @it AS same", ("it", text)));
        Assert.Equal(text, other.Values[0]);
        Assert.Equal(1L, Convert.ToInt64(other.Values[1], CultureInfo.InvariantCulture));
    }

    [SkippableFact]
    public async Task Parameters_of_every_kind_arrive()
    {
        var (postgres, maria) = (await Servers.PostgreSqlAsync(), await Servers.MariaDbAsync());
        await using var one = new TestDatabase(postgres, postgres.Database);
        await using var two = new TestDatabase(maria, null);
        (string, object?)[] values =
        [
            ("i", 5), ("l", 6L), ("d", 1.5m), ("f", 0.25), ("b", true), ("n", null), ("t", new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc)), ("g", Guid.Empty), ("s", TimeSpan.FromMinutes(90)), ("y", new byte[] { 1, 2 }),
        ];
        var row = Assert.Single(await one.QueryAsync("SELECT @i + 1, @l * 2, @d, @f, @b, @n::int, @t, @g, @s, @y, '5'::int = '5', @text::int", [.. values, ("text", "7")]));
        Assert.Equal([6, 12L, 1.5m, 0.25, true, null, new DateTime(2026, 1, 2, 3, 4, 5), Guid.Empty, TimeSpan.FromMinutes(90), new byte[] { 1, 2 }, true, 7], row.Values);
        var other = Assert.Single(await two.QueryAsync("SELECT @i + 1 = 6, @l * 2 = 12, @d = 1.5, @f = 0.25, @b, @n IS NULL, @t = '2026-01-02 03:04:05', LENGTH(@g), @s = '01:30:00', HEX(@y)", values));
        Assert.Equal(["1", "1", "1", "1", "1", "1", "1", "36", "1", "0102"], other.Values.Select(value => Convert.ToString(value, CultureInfo.InvariantCulture)));
        Assert.Equal("Db.ParameterType", (await Assert.ThrowsAsync<OpsException>(() => one.QueryAsync("SELECT @a", ("a", new object())))).Id);
    }

    [SkippableTheory]
    [InlineData("INSERT INTO t VALUES (2)")]
    [InlineData("CREATE TABLE u (a int)")]
    [InlineData("DROP TABLE t")]
    [InlineData("UPDATE t SET a = 3")]
    [InlineData("TRUNCATE TABLE t")]
    public async Task Nothing_is_written_unless_allowed(string sql)
    {
        var (postgres, maria) = (await Servers.PostgreSqlAsync(), await Servers.MariaDbAsync());
        var (first, second) = (await postgres.CreateDatabaseAsync(), await maria.CreateDatabaseAsync());
        await postgres.ExecuteAsync("CREATE TABLE t (a int); INSERT INTO t VALUES (1)", first);
        foreach (var engine in new[] { "InnoDB", "MyISAM" })
        {
            await maria.ExecuteAsync($"DROP TABLE IF EXISTS t; CREATE TABLE t (a int) ENGINE={engine}; INSERT INTO t VALUES (1)", second);
            await using var two = new TestDatabase(maria, second);
            var refused = await Assert.ThrowsAsync<OpsException>(() => two.QueryAsync(sql));
            Assert.Contains("READ ONLY", refused.Message, StringComparison.OrdinalIgnoreCase);
            Assert.Equal("1", (await maria.ExecuteAsync("SELECT a FROM t", second)).Trim());
        }

        await using var one = new TestDatabase(postgres, first);
        Assert.Contains("read-only", (await Assert.ThrowsAsync<OpsException>(() => one.QueryAsync(sql))).Message, StringComparison.Ordinal);
        Assert.Equal(1, await postgres.ExecuteAsync("SELECT a FROM t", first));

        // A statement that would end the transaction is alone too, and what follows it cannot write either.
        Assert.Equal("Db.SeveralStatements", (await Assert.ThrowsAsync<OpsException>(() => one.QueryAsync("COMMIT; " + sql))).Id);
    }

    [SkippableFact]
    public async Task What_is_allowed_is_asked_for_committed_and_recorded_without_values()
    {
        var (postgres, maria) = (await Servers.PostgreSqlAsync(), await Servers.MariaDbAsync());
        var (first, second) = (await postgres.CreateDatabaseAsync(), await maria.CreateDatabaseAsync());
        await postgres.ExecuteAsync("CREATE TABLE t (a int, b text)", first);
        await maria.ExecuteAsync("CREATE TABLE t (a INT, b TEXT)", second);
        foreach (var database in new[] { new TestDatabase(postgres, first), new TestDatabase(maria, second) })
        {
            await using var own = database;
            Assert.Equal(1, (await database.WriteAsync("INSERT INTO t VALUES (1, @secret)", ("secret", "hunter2"))).RowsAffected);
            Assert.Equal(1, (await database.WriteAsync("INSERT INTO t VALUES (2, 'hunter2')")).RowsAffected);
            Assert.Equal(2, (await database.WriteAsync("UPDATE t SET b = concat(b, '!')")).RowsAffected);
            Assert.Equal(["hunter2!", "hunter2!"], (await database.QueryAsync("SELECT b FROM t")).Select(row => row["b"]));
            Assert.Equal(6, database.Journal.Records.Count);
            Assert.Equal("3", (database.Journal.Records.Count(record => record.Outcome == JournalOutcome.Succeeded)).ToString(CultureInfo.InvariantCulture));
            Assert.Equal("2", database.Journal.Records[^1].After["rows"]);
            Assert.DoesNotContain("hunter2", System.Text.Json.JsonSerializer.Serialize(database.Journal.Records), StringComparison.Ordinal);
            Assert.Contains("INSERT INTO t VALUES (?, @secret)", database.Journal.Records[0].Before["statement"], StringComparison.Ordinal);

            // Declined, planned or failed, nothing is there.
            database.Output = new RecordedOutput { Answer = _ => false };
            await new DatabaseQuery(database.Member, database.Output).WriteAsync(TestDatabase.Request("DELETE FROM t"), database.Changes(), default);
            database.Output = new RecordedOutput { IsWhatIf = true };
            await new DatabaseQuery(database.Member, database.Output).WriteAsync(TestDatabase.Request("DELETE FROM t"), database.Changes(), default);
            Assert.Contains("DELETE FROM t", Assert.Single(database.Output.Items.OfType<OpsPlanStep>()).Detail, StringComparison.Ordinal);
            await Assert.ThrowsAsync<OpsException>(() => database.WriteAsync("INSERT INTO t VALUES (1, 2, 3)"));
            Assert.Equal(2, (await database.QueryAsync("SELECT a FROM t")).Count);
        }
    }

    [SkippableFact]
    public async Task A_limit_ends_the_query_and_says_that_there_is_more()
    {
        var (postgres, maria) = (await Servers.PostgreSqlAsync(), await Servers.MariaDbAsync());
        foreach (var (database, endless) in new[] { (new TestDatabase(postgres, postgres.Database), "SELECT generate_series(1, 2000000000) AS n"), (new TestDatabase(maria, "mysql"), "SELECT seq AS n FROM seq_1_to_2000000000") })
        {
            await using var own = database;
            database.Output = new RecordedOutput();
            await new DatabaseQuery(database.Member, database.Output).ReadAsync(TestDatabase.Request(endless) with { First = 3 }, default);
            Assert.Equal(3, database.Output.Items.Count);
            Assert.Contains("-First", Assert.Single(database.Output.Warnings), StringComparison.Ordinal);
            database.Output = new RecordedOutput();
            await new DatabaseQuery(database.Member, database.Output).ReadAsync(TestDatabase.Request("SELECT 1 AS n UNION ALL SELECT 2 UNION ALL SELECT 3") with { First = 3 }, default);
            Assert.Equal((3, 0), (database.Output.Items.Count, database.Output.Warnings.Count));
        }

        await NothingLeftAsync(postgres, maria, "2000000000");
    }

    [SkippableFact]
    public async Task A_query_that_is_given_up_ends_on_the_server()
    {
        var (postgres, maria) = (await Servers.PostgreSqlAsync(), await Servers.MariaDbAsync());
        foreach (var (database, slow, running) in new[]
        {
            (new TestDatabase(postgres, postgres.Database), "SELECT pg_sleep(601)", () => Running(postgres, "pg_sleep(601)")),
            (new TestDatabase(maria, null), "SELECT BENCHMARK(100000000000, MD5('601'))", (Func<bool>)(() => Running(maria, "MD5(''601'')"))),
        })
        {
            await using var own = database;
            using var stop = new CancellationTokenSource();
            var work = new DatabaseQuery(database.Member, database.Output).ReadAsync(TestDatabase.Request(slow), stop.Token);
            await HttpProbeTests.EventuallyAsync(running);
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => work);
            await HttpProbeTests.EventuallyAsync(() => !running());
        }
    }

    private static Task NothingLeftAsync(PostgreSqlServer postgres, MariaDbServer maria, string text) =>
        HttpProbeTests.EventuallyAsync(() => !Running(postgres, text) && !Running(maria, text));

    private static bool Running(PostgreSqlServer server, string text) =>
        (long)server.ExecuteAsync($"SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() AND query LIKE '%{text}%'").GetAwaiter().GetResult()! > 0;

    private static bool Running(MariaDbServer server, string text) =>
        server.ExecuteAsync($"SELECT COUNT(*) FROM information_schema.processlist WHERE id <> CONNECTION_ID() AND command <> 'Killed' AND info LIKE '%{text}%'").GetAwaiter().GetResult().Trim() != "0";
}
