using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Databases;

public sealed class IndexTests
{
    private static readonly TimeSpan NoAge = TimeSpan.FromTicks(1);

    [SkippableFact]
    public async Task Only_an_index_that_nothing_leans_on_is_ever_proposed_to_go()
    {
        var server = await Servers.PostgreSqlAsync();
        var name = await server.CreateDatabaseAsync();
        await server.ExecuteAsync(
            """
            CREATE TABLE parent (id int PRIMARY KEY, code text UNIQUE, alt int);
            CREATE UNIQUE INDEX parent_alt ON parent (alt);
            CREATE TABLE "Child" (id int PRIMARY KEY, parent_id int REFERENCES parent (id), a int, b int, r tsrange, EXCLUDE USING gist (r WITH &&));
            CREATE INDEX child_parent ON "Child" (parent_id, a);
            CREATE INDEX child_used ON "Child" (a);
            CREATE INDEX "Child unused" ON "Child" (b);
            CREATE INDEX child_twin ON "Child" (b);
            CREATE INDEX child_id_again ON "Child" (id);
            CREATE TABLE replicated (x int NOT NULL);
            CREATE UNIQUE INDEX replicated_x ON replicated (x);
            ALTER TABLE replicated REPLICA IDENTITY USING INDEX replicated_x;
            CREATE TABLE parts (d int) PARTITION BY RANGE (d);
            CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10);
            CREATE INDEX parts_d ON parts (d);
            INSERT INTO "Child" SELECT i, NULL, i, i FROM generate_series(1, 2000) i;
            ANALYZE "Child";
            """,
            name);
        await server.ExecuteAsync("SET enable_seqscan = off; SELECT id FROM \"Child\" WHERE a = 77; SELECT pg_stat_force_next_flush()", name);
        await using var database = new TestDatabase(server, name);

        var indexes = (await database.IndexesAsync(NoAge)).ToDictionary(index => index.Index);
        Assert.Equal(["Child unused", "child_id_again", "child_twin"], indexes.Values.Where(index => index.Recommendation == DbIndexAdvice.Drop).Select(index => index.Index).Order(StringComparer.Ordinal));
        Assert.Equal(("Child unused", "Child_pkey"), (indexes["child_twin"].DuplicateOf, indexes["child_id_again"].DuplicateOf));
        Assert.Equal(DbIndexAdvice.Keep, indexes["child_used"].Recommendation);
        Assert.True(indexes["child_used"].Scans > 0);
        foreach (var needed in new[] { "parent_pkey", "parent_code_key", "child_parent", "Child_r_excl", "replicated_x", "parts_d", "parts_1_d_idx" })
        {
            Assert.Equal(DbIndexAdvice.Keep, indexes[needed].Recommendation);
            Assert.NotEmpty(indexes[needed].NeededBy);
        }

        Assert.Equal((DbIndexAdvice.Keep, true), (indexes["parent_alt"].Recommendation, indexes["parent_alt"].IsUnique));
        Assert.Contains("foreign key", string.Join(' ', indexes["child_parent"].NeededBy), StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Statistics_that_were_reset_a_moment_ago_prove_nothing()
    {
        var server = await Servers.PostgreSqlAsync();
        var name = await server.CreateDatabaseAsync();
        await server.ExecuteAsync("CREATE TABLE t (a int, b int); CREATE INDEX t_a ON t (a); CREATE INDEX t_b ON t (b)", name);
        await using var database = new TestDatabase(server, name);

        // Never reset, it counts since the database was made.
        var made = await database.IndexesAsync();
        Assert.All(made, index => Assert.Equal(DbIndexAdvice.Undecided, index.Recommendation));
        Assert.All(made, index => Assert.True(DateTime.UtcNow - index.StatisticsSince < TimeSpan.FromMinutes(10)));
        await server.ExecuteAsync("SELECT pg_stat_reset()", name);
        var index = (await database.IndexesAsync())[0];
        Assert.Equal(DbIndexAdvice.Undecided, index.Recommendation);
        Assert.Contains("too short", index.Why, StringComparison.Ordinal);
        Assert.True(DateTime.UtcNow - index.StatisticsSince < TimeSpan.FromMinutes(5));
        Assert.All(await database.IndexesAsync(NoAge), old => Assert.Equal(DbIndexAdvice.Drop, old.Recommendation));
    }

    [SkippableFact]
    public async Task MariaDb_tells_duplicates_and_what_foreign_keys_need()
    {
        var server = await Servers.NewMariaDbAsync("--userstat=1");
        await using var own = server;
        var name = await server.CreateDatabaseAsync();
        await server.ExecuteAsync(
            """
            CREATE TABLE parent (id INT PRIMARY KEY);
            CREATE TABLE `ch``ild` (id INT PRIMARY KEY, p INT, a INT, b INT, KEY for_key (p, a), KEY `tw``in1` (b), KEY twin2 (b), KEY used (a), UNIQUE KEY one (a, b), FOREIGN KEY fk (p) REFERENCES parent (id));
            INSERT INTO `ch``ild` SELECT seq, NULL, seq, seq FROM seq_1_to_1000;
            SELECT id FROM `ch``ild` FORCE INDEX (used) WHERE a = 5;
            """,
            name);
        await using var database = new TestDatabase(server, name);
        var indexes = (await database.IndexesAsync(NoAge)).GroupBy(index => index.Index).ToDictionary(group => group.Key, group => group.First());
        Assert.Equal(DbIndexAdvice.Keep, indexes["PRIMARY"].Recommendation);
        Assert.Equal(DbIndexAdvice.Keep, indexes["one"].Recommendation);
        Assert.Contains("foreign key", string.Join(' ', indexes["for_key"].NeededBy), StringComparison.Ordinal);
        Assert.Equal(DbIndexAdvice.Keep, indexes["for_key"].Recommendation);
        Assert.Equal((DbIndexAdvice.Keep, true), (indexes["used"].Recommendation, indexes["used"].Scans > 0));
        Assert.Single(indexes.Values, index => index.DuplicateOf is not null && index.Recommendation == DbIndexAdvice.Drop);
        Assert.True(indexes["used"].SizeBytes > 0);

        await server.ExecuteAsync("SET GLOBAL userstat = 0");
        Assert.Contains("does not count", Assert.Single(await database.IndexesAsync(NoAge), index => index.Index == "used").Why, StringComparison.Ordinal);
    }
}
