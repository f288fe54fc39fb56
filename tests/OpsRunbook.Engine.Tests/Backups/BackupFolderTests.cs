using System.IO.Compression;
using System.Text;
using OpsRunbook.Engine.Backups;
using OpsRunbook.Engine.Hosts;
using Xunit;

namespace OpsRunbook.Engine.Tests.Backups;

public sealed class BackupFolderTests : IDisposable
{
    private const string PlainSql = "--\n-- PostgreSQL database dump\n--\n\n-- Dumped from database version 15.4 (Debian)\n-- Dumped by pg_dump version 15.4 (Debian)\n\nSELECT 1;\n";
    private const string MariaDbSql = "/*M!999999\\- enable the sandbox mode */ \n-- MariaDB dump 10.19  Distrib 10.11.6-MariaDB\n--\n-- Host: localhost    Database: npanel\n-- Server version\t10.11.6-MariaDB\n";

    private readonly string _folder = Directory.CreateTempSubdirectory("backup folder ").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Sets_are_listed_by_their_numbers_when_the_clock_was_set_back()
    {
        WriteSet(1, new DateTime(2026, 3, 1, 3, 0, 0, DateTimeKind.Utc));
        WriteSet(2, new DateTime(2026, 3, 2, 3, 0, 0, DateTimeKind.Utc));
        WriteSet(3, new DateTime(2025, 1, 1, 3, 0, 0, DateTimeKind.Utc));
        WriteSet(10, new DateTime(2025, 1, 2, 3, 0, 0, DateTimeKind.Utc));

        var sets = await ListAsync();

        Assert.Equal([1, 2, 3, 10], sets.Select(set => set.Sequence!.Value));
        Assert.All(sets, set => Assert.Equal(BackupState.Complete, set.State));
    }

    [Fact]
    public async Task What_others_made_is_told_by_its_content()
    {
        await File.WriteAllTextAsync(Path("app-1.sql"), PlainSql);
        await File.WriteAllBytesAsync(Path("app-2.sql.gz"), Zip(MariaDbSql));
        await File.WriteAllTextAsync(Path("app-3.sql"), "--\n-- PostgreSQL database cluster dump\n--\n");
        await File.WriteAllBytesAsync(Path("app-4.dump"), [.. "PGDMP"u8, 1, 14, 0, 4, 8, 1, 1]);
        await File.WriteAllBytesAsync(Path("app-5.sql.gz"), Zip(string.Empty));
        await File.WriteAllTextAsync(Path("app-6.sql"), "notes");
        await File.WriteAllTextAsync(Path("other.sql"), PlainSql);

        var sets = (await ListAsync("app-*")).ToDictionary(set => set.Name);

        Assert.Equal((BackupState.Complete, BackupFormat.PostgreSqlPlain, BackupCompression.None), Found("app-1.sql"));
        Assert.Equal((BackupState.Complete, BackupFormat.MySqlPlain, BackupCompression.Gzip), Found("app-2.sql.gz"));
        Assert.Equal((BackupState.Complete, BackupFormat.PostgreSqlAll, BackupCompression.None), Found("app-3.sql"));
        Assert.Equal((BackupState.Complete, BackupFormat.PostgreSqlCustom, BackupCompression.None), Found("app-4.dump"));
        Assert.Equal("npanel", sets["app-2.sql.gz"].Manifest!.Database);
        Assert.Equal("15.4 (Debian)", sets["app-1.sql"].Manifest!.ServerVersion);
        Assert.All(["app-5.sql.gz", "app-6.sql", "other.sql"], name => Assert.Equal(BackupState.NotRecognized, sets[name].State));

        (BackupState, BackupFormat, BackupCompression) Found(string name) => (sets[name].State, sets[name].Manifest!.Format, sets[name].Manifest!.Compression);
    }

    [Fact]
    public async Task Links_leftovers_and_damage_are_never_sets()
    {
        WriteSet(1, DateTime.UtcNow);
        File.AppendAllText(Path(Name(1), "data.dump"), "x");
        WriteSet(2, DateTime.UtcNow);
        File.Delete(Path(Name(2), "data.dump"));
        WriteSet(3, DateTime.UtcNow);
        Directory.Move(Path(Name(3)), Path(BackupName.Temporary(Name(3))));
        WriteSet(4, DateTime.UtcNow);
        File.CreateSymbolicLink(Path(Name(4), "more"), "/etc/hostname");
        Directory.CreateSymbolicLink(Path(Name(5)), Path(Name(4)));
        WriteSet(6, DateTime.UtcNow, file: "../../etc/passwd");
        Directory.CreateDirectory(Path(Name(7)));
        File.CreateSymbolicLink(Path("app-1.sql"), "/etc/hostname");

        var sets = (await ListAsync("app-*")).ToDictionary(set => set.Name);

        Assert.Equal(BackupState.Damaged, sets[Name(1)].State);
        Assert.Equal(BackupState.Damaged, sets[Name(2)].State);
        Assert.Equal(BackupState.Interrupted, sets[BackupName.Temporary(Name(3))].State);
        Assert.Equal(BackupState.NotRecognized, sets[Name(4)].State);
        Assert.Equal(BackupState.NotRecognized, sets[Name(5)].State);
        Assert.Equal(BackupState.Damaged, sets[Name(6)].State);
        Assert.Contains("../../etc/passwd", sets[Name(6)].Problem, StringComparison.Ordinal);
        Assert.Equal(BackupState.Damaged, sets[Name(7)].State);
        Assert.Equal(BackupState.NotRecognized, sets["app-1.sql"].State);
    }

    [Fact]
    public async Task A_manifest_of_somebody_else_gives_the_checksums()
    {
        Directory.CreateDirectory(Path("20260101"));
        await File.WriteAllTextAsync(Path("20260101", "db.archive"), "data");
        await File.WriteAllTextAsync(Path("20260101", "manifest.json"), $$"""{"timestamp": "x", "checksums": {"./db.archive": "sha256:{{new string('A', 64)}}", "gone.tar": "{{new string('b', 32)}}" } }""");
        Directory.CreateDirectory(Path("20260102"));
        await File.WriteAllTextAsync(Path("20260102", "manifest.json"), $$"""{"files": [{"name": "../20260101/db.archive", "md5": "{{new string('b', 32)}}" }]}""");

        var sets = (await ListAsync("20*")).ToDictionary(set => set.Name);

        Assert.Equal(new string('a', 64), sets["20260101"].Files.Single().Expected!.Sha256);
        Assert.Equal((BackupState.Damaged, "gone.tar is missing"), (sets["20260101"].State, sets["20260101"].Problem));
        Assert.Equal(BackupState.NotRecognized, sets["20260102"].State);
    }

    [Fact]
    public async Task A_verdict_holds_until_the_last_test_fails_and_for_what_was_tested()
    {
        WriteSet(1, DateTime.UtcNow);
        await File.WriteAllTextAsync(Path("app-1.sql"), PlainSql);

        foreach (var set in await ListAsync("app-*"))
        {
            await set.RecordAsync(Verdict(BackupLevel.Restore, passed: true), null, default);
            await set.RecordAsync(Verdict(BackupLevel.Checksum, passed: true), null, default);
        }

        var after = await ListAsync("app-*");
        Assert.Equal([true, true], after.Select(set => set.IsVerified));
        Assert.Equal(3, Directory.EnumerateFileSystemEntries(_folder).Count());

        foreach (var set in after)
        {
            // What was read before does not undo what was recorded since.
            await set.RecordAsync(Verdict(BackupLevel.Stream, passed: false), null, default);
        }

        Assert.Equal([null, null], (await ListAsync("app-*")).Select(set => set.Verified));
        foreach (var set in after)
        {
            await set.RecordAsync(Verdict(BackupLevel.Restore, passed: true), null, default);
        }

        await File.WriteAllTextAsync(Path("app-1.sql"), PlainSql + PlainSql);
        Assert.Equal([null, true], (await ListAsync("app-*")).Select(set => set.Verified?.Passed).Order());
    }

    [Fact]
    public async Task Sets_of_another_backup_in_the_folder_are_not_this_ones()
    {
        WriteSet(1, DateTime.UtcNow);
        Assert.Empty(await new BackupFolder(new LocalHost(), _folder, "other").ListAsync(default));
    }

    [Fact]
    public async Task A_folder_that_is_not_there_is_named()
    {
        var error = await Assert.ThrowsAsync<OpsException>(() => new BackupFolder(new LocalHost(), Path("none"), "db").ListAsync(default));
        Assert.Equal("Backup.FolderNotFound", error.Id);
        Assert.Contains(Path("none"), error.Message, StringComparison.Ordinal);
    }

    private static BackupVerdict Verdict(BackupLevel level, bool passed) => new() { Level = level, Passed = passed, At = DateTime.UtcNow, How = "tested" };

    private static string Name(long sequence) => BackupName.Of("db", new DateTime(2026, 3, 1, 3, 0, 0, DateTimeKind.Utc), sequence);

    private static byte[] Zip(string text)
    {
        using var zipped = new MemoryStream();
        using (var stream = new GZipStream(zipped, CompressionLevel.Fastest))
        {
            stream.Write(Encoding.UTF8.GetBytes(text));
        }

        return zipped.ToArray();
    }

    private string Path(params string[] parts) => System.IO.Path.Combine([_folder, .. parts]);

    private Task<IReadOnlyList<BackupSet>> ListAsync(string? pattern = null) => new BackupFolder(new LocalHost(), _folder, "db", pattern).ListAsync(default);

    private void WriteSet(long sequence, DateTime ended, string file = "data.dump")
    {
        var folder = Directory.CreateDirectory(Path(Name(sequence))).FullName;
        File.WriteAllText(System.IO.Path.Combine(folder, "data.dump"), "PGDMP");
        var manifest = new BackupManifest { Name = "db", Sequence = sequence, Ended = ended, Format = BackupFormat.PostgreSqlCustom, Files = [new ManifestFile { Path = file, Bytes = 5 }], Bytes = 5 };
        File.WriteAllBytes(System.IO.Path.Combine(folder, BackupManifest.FileName), manifest.ToBytes());
    }
}
