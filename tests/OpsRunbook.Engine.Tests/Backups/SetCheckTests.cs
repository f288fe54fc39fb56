using System.Formats.Tar;
using OpsRunbook.Engine.Backups;
using OpsRunbook.Fixtures;
using Xunit.Abstractions;

namespace OpsRunbook.Engine.Tests.Backups;

/// <summary>What was cut off, changed, or put into a dump is found; what is good is never called bad.</summary>
public sealed class SetCheckTests(ITestOutputHelper log) : IDisposable
{
    private const int Cuts = 9;
    private const int Flips = 60;

    private readonly string _folder = Directory.CreateTempSubdirectory("set check ").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [SkippableFact]
    public async Task Dumps_of_PostgreSql_are_read_to_their_ends()
    {
        // pg_dumpall would meet the databases of other tests in a shared one.
        await using var server = await Servers.NewPostgreSqlAsync();
        var database = await server.CreateDatabaseAsync();
        await server.ExecuteAsync(SampleDumps.PostgreSql, database);
        await SampleDumps.DumpAsync(server, "pg_dump", "--format=custom", $"--file={At("custom.dump")}", database);
        await SampleDumps.DumpAsync(server, "pg_dump", "--format=custom", "--compress=0", $"--file={At("uncompressed.dump")}", database);
        await SampleDumps.DumpAsync(server, "pg_dump", "--format=tar", $"--file={At("tar.dump")}", database);
        await SampleDumps.DumpAsync(server, "pg_dump", "--format=directory", $"--file={At("directory")}", database);
        await SampleDumps.DumpAsync(server, "pg_dump", $"--file={At("plain.sql")}", database);
        await SampleDumps.DumpAsync(server, "pg_dump", "--inserts", "--create", "--clean", $"--file={At("inserts.sql")}", database);
        await SampleDumps.DumpAsync(server, "pg_dumpall", $"--file={At("all.sql")}");
        await Tool.RunAsync("gzip", ["-k", At("plain.sql")]);
        await Tool.RunAsync("zstd", ["-q", "-k", At("plain.sql")]);

        await ProveAsync("custom.dump", BackupFormat.PostgreSqlCustom);
        await ProveAsync("uncompressed.dump", BackupFormat.PostgreSqlCustom);
        await ProveAsync("tar.dump", BackupFormat.PostgreSqlTar);
        await ProveAsync("directory", BackupFormat.PostgreSqlDirectory);
        await ProveAsync("plain.sql", BackupFormat.PostgreSqlPlain);
        await ProveAsync("inserts.sql", BackupFormat.PostgreSqlPlain);
        await ProveAsync("all.sql", BackupFormat.PostgreSqlAll);
        await ProveAsync("plain.sql.gz", BackupFormat.PostgreSqlPlain, BackupCompression.Gzip);
        await ProveAsync("plain.sql.zst", BackupFormat.PostgreSqlPlain, BackupCompression.Zstd);
    }

    [SkippableFact]
    public async Task Dumps_of_MariaDb_are_read_to_their_ends()
    {
        var server = await Servers.MariaDbAsync();
        var database = await server.CreateDatabaseAsync();
        await server.ExecuteAsync(SampleDumps.MariaDb, database);
        await SampleDumps.DumpAsync(server, At("maria.sql"), database);
        await Tool.RunAsync("gzip", ["-k", At("maria.sql")]);
        await ProveAsync("maria.sql", BackupFormat.MySqlPlain);
        await ProveAsync("maria.sql.gz", BackupFormat.MySqlPlain, BackupCompression.Gzip);

        // Cut between two statements, where a client would notice nothing.
        var text = await File.ReadAllTextAsync(At("maria.sql"));
        var cut = text[..(text.IndexOf("UNLOCK TABLES;", StringComparison.Ordinal) + "UNLOCK TABLES;\n".Length)];
        Assert.Equal("Backup.Incomplete", await StreamAsync("cut.sql", System.Text.Encoding.UTF8.GetBytes(cut), BackupFormat.MySqlPlain));
    }

    [SkippableFact]
    public async Task A_snapshot_of_Redis_is_read_to_its_end()
    {
        await using var server = await Servers.NewRedisAsync();
        await server.ExecuteAsync("EVAL", "for i = 1, 2000 do redis.call('set', 'key:' .. i, string.rep('v', i % 50)) end", "0");
        await server.ExecuteAsync("SAVE");
        var file = Directory.GetFiles(server.Folder, "*.rdb", SearchOption.AllDirectories).First();
        File.Copy(file, At("redis.rdb"));
        await ProveAsync("redis.rdb", BackupFormat.RedisRdb);
    }

    [Theory]
    [InlineData("../../etc/cron.d/x", null)]
    [InlineData("/etc/cron.d/x", null)]
    [InlineData("3001.dat", "/etc/shadow")]
    public async Task An_archive_with_entries_that_lead_out_is_refused(string name, string? link)
    {
        var entry = new UstarTarEntry(link is null ? TarEntryType.RegularFile : TarEntryType.SymbolicLink, name);
        if (link is not null)
        {
            entry.LinkName = link;
        }

        Assert.Equal("Backup.UnsafeEntry", await StreamAsync("evil.tar", SampleDumps.Tar(entry), BackupFormat.PostgreSqlTar));
        Assert.False(File.Exists("/etc/cron.d/x"));
    }

    [Fact]
    public async Task A_failed_dump_that_went_through_gzip_is_no_backup()
    {
        using var file = new MemoryStream();
        await using (var zip = new System.IO.Compression.GZipStream(file, System.IO.Compression.CompressionLevel.Fastest, leaveOpen: true))
        {
            // As `false | gzip` leaves it.
        }

        Assert.Equal("Backup.FormatUnknown", await StreamAsync("empty.sql.gz", file.ToArray(), BackupFormat.PostgreSqlPlain, BackupCompression.Gzip));
    }

    // Good ones pass; all that are cut are found by reading alone; all with a changed bit by the checksum.
    private async Task ProveAsync(string name, BackupFormat format, BackupCompression compression = BackupCompression.None)
    {
        var good = Prepare(name);
        SampleDumps.WriteSet(good, "db", 1, format, At(name), compression);
        var set = await SampleDumps.SetAsync(good);
        await new SetCheck(set).CheckSumsAsync(default);
        await new SetCheck(set).CheckStreamAsync(default);

        var files = set.Files.OrderByDescending(file => file.Bytes).Select(file => set.PathOf(file)).ToList();
        for (var cut = 1; cut <= Cuts; cut++)
        {
            // Of an archive of several files, any of them may be the one that was cut.
            var file = files[cut % Math.Min(files.Count, 4)];
            var bytes = await File.ReadAllBytesAsync(file);
            await File.WriteAllBytesAsync(file, bytes[..(int)((long)bytes.Length * cut / (Cuts + 1))]);
            Assert.True(await StreamAsync(Bare(set)) is not null, $"{name} cut at {cut * 10} % was called whole");
            await File.WriteAllBytesAsync(file, bytes);
        }

        var (sums, streams, random) = (0, 0, new Random(4711));
        for (var flip = 0; flip < Flips; flip++)
        {
            var file = files[random.Next(Math.Min(files.Count, 4))];
            var bytes = await File.ReadAllBytesAsync(file);
            var at = random.NextInt64(bytes.Length);
            var was = bytes[at];
            bytes[at] ^= (byte)(1 << random.Next(8));
            await File.WriteAllBytesAsync(file, bytes);
            sums += await FailureAsync(() => new SetCheck(set).CheckSumsAsync(default)) is not null ? 1 : 0;
            streams += await StreamAsync(Bare(set)) is not null ? 1 : 0;
            bytes[at] = was;
            await File.WriteAllBytesAsync(file, bytes);
        }

        log.WriteLine($"{name}: {Cuts} of {Cuts} cuts found by reading; {sums} of {Flips} changed bits by checksum, {streams} by reading without one");
        Assert.Equal(Flips, sums);
        Assert.Null(await StreamAsync(set));
    }

    // The set as somebody else would have left it: without a checksum.
    private static BackupSet Bare(BackupSet set) => set with { Files = set.Files.Select(file => file with { Expected = null }).ToList() };

    private static Task<string?> StreamAsync(BackupSet set) => FailureAsync(() => new SetCheck(set).CheckStreamAsync(default));

    private static async Task<string?> FailureAsync(Func<Task<string>> work)
    {
        try
        {
            await work();
            return null;
        }
        catch (OpsException error)
        {
            return error.Id;
        }
    }

    private async Task<string?> StreamAsync(string name, byte[] content, BackupFormat format, BackupCompression compression = BackupCompression.None)
    {
        await File.WriteAllBytesAsync(At(name), content);
        var folder = Prepare(name);
        SampleDumps.WriteSet(folder, "db", 1, format, At(name), compression);
        return await StreamAsync(Bare(await SampleDumps.SetAsync(folder)));
    }

    private string Prepare(string name) => Directory.CreateDirectory(At("sets of " + name)).FullName;

    private string At(string name) => Path.Combine(_folder, name);
}
