using System.Globalization;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Bench;

/// <summary>What it costs to know that a backup restores, against restoring it by hand.</summary>
internal static class Backups
{
    // Hexadecimal digits of checksums shrink to about half: so many rows make a dump of 1 GB.
    private const int Tables = 4;
    private const int Rows = 4_600_000;

    /// <summary>A set of 1 GB, restored, its checksums and rows compared, and dropped.</summary>
    public static async Task<Figure> VerifyAsync()
    {
        await using var server = await Servers.NewPostgreSqlAsync("shared_buffers=256MB", "max_wal_size=4GB");
        await server.ExecuteAsync("CREATE DATABASE shop");
        for (var table = 1; table <= Tables; table++)
        {
            await server.ExecuteAsync(
                string.Create(CultureInfo.InvariantCulture, $"CREATE TABLE t{table} (id int PRIMARY KEY, a text, b text); INSERT INTO t{table} SELECT n, md5(n::text), md5((n + {table})::text) || md5((n * 7)::text) FROM generate_series(1, {Rows}) n"),
                "shop");
        }

        var folder = TestRun.NewFolder("bench-backups");
        var sets = Directory.CreateDirectory(Path.Combine(folder, "sets")).FullName;
        var stack = Path.Combine(folder, "shop.yaml");
        await File.WriteAllTextAsync(
            stack,
            $$"""
            stack: shop
            databases:
              db: { engine: postgres, server: {{server.Host}}, port: {{server.Port}}, database: shop, user: {{server.User}}, password: "${env:BENCH_PASSWORD}" }
            backups:
              db: { database: db, directory: {{sets}} }
            """);
        var environment = new Dictionary<string, string>
        {
            ["BENCH_PASSWORD"] = server.Password,
            ["PGPASSWORD"] = server.Password,
            ["OPSRUNBOOK_STATE"] = Path.Combine(folder, "state"),
        };
        await Run.OnceAsync([Paths.Runner, "Backup-Database", "db", "-Format", "PostgreSqlCustom", "-CountRows", "-Stack", stack], environment: environment);
        var dump = new DirectoryInfo(sets).GetFiles("*", SearchOption.AllDirectories).MaxBy(file => file.Length) ?? throw new InvalidOperationException("There is no set.");
        var (ours, theirs) = await Run.PairAsync(
            3,
            () => Run.OnceAsync([Paths.Runner, "Test-DbBackup", "db", "-Level", "Restore", "-Stack", stack, "-OutputFormat", "NdJson"], environment: environment),
            async () =>
            {
                await server.ExecuteAsync("DROP DATABASE IF EXISTS bare");
                await server.ExecuteAsync("CREATE DATABASE bare TEMPLATE template0");
                return await Run.OnceAsync(
                    [Path.Combine(server.ProgramFolder, "pg_restore"), "-j2", "--exit-on-error", "-h", server.Host, "-p", server.Port.ToString(CultureInfo.InvariantCulture), "-U", server.User, "-d", "bare", dump.FullName],
                    environment: environment);
            });
        if (!ours.Output.Contains("as many as were backed up", StringComparison.Ordinal))
        {
            throw new InvalidOperationException($"The set was not verified: {ours.Output}");
        }

        var ratio = ours.Wall / theirs.Wall;
        return new Figure(
            string.Create(CultureInfo.InvariantCulture, $"know that a backup of {dump.Length / 1e9:0.00} GB restores: checksums, rows"),
            "bare `pg_restore -j2`",
            "≤ 1.1× its time",
            $"{ours.Wall.TotalSeconds:0.0} s",
            $"{theirs.Wall.TotalSeconds:0.0} s",
            $"{ratio:0.00}×",
            ratio <= 1.1);
    }
}
