using System.Diagnostics;
using System.Reflection;
using System.Security.Cryptography;
using System.Text.Json;

namespace OpsRunbook.EndToEnd.Tests;

/// <summary>Backups whose runner is killed: what has the name of a set is whole, whatever happened.</summary>
public sealed class BackupFaultTests
{
    private static readonly string Console = Environment.GetEnvironmentVariable("OPSRUNBOOK_TESTS_CONSOLE")
        ?? typeof(BackupFaultTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(item => item.Key == "ConsoleFile").Value!;

    [SkippableFact]
    public async Task A_run_that_is_killed_at_any_moment_leaves_no_false_set()
    {
        await using var run = await BackupRun.CreateAsync(rows: 60_000);
        var start = Stopwatch.GetTimestamp();
        Assert.Equal(0, await run.StartAsync("Backup-Database"));
        var whole = Stopwatch.GetElapsedTime(start);

        foreach (var _ in Enumerable.Range(0, 10))
        {
            await run.StartAsync("Backup-Database", killAfter: whole * Random.Shared.NextDouble());
            run.RequireWholeSets(atLeast: 1);
        }

        await run.RequireCleanEndAsync();
    }

    [SkippableTheory]
    [InlineData(1, "before")]
    [InlineData(1, "after")]
    [InlineData(2, "before")]
    [InlineData(2, "after")]
    public async Task A_run_that_is_killed_at_a_rename_leaves_no_false_set(int rename, string when)
    {
        await using var run = await BackupRun.CreateAsync(rows: 100);
        var real = (await Tool.RunAsync("sh", ["-c", "command -v mv"])).Trim();
        await run.AddProgramAsync("mv", $$"""
            #!/bin/sh
            n=$(($(cat "$MV_COUNT" 2>/dev/null || echo 0) + 1)); echo $n > "$MV_COUNT"
            if [ $n -eq {{rename}} ] && [ {{when}} = before ]; then kill -9 "$(cat "$MV_RUNNER")"; exit 1; fi
            {{real}} "$@" || exit
            if [ $n -eq {{rename}} ]; then kill -9 "$(cat "$MV_RUNNER")"; fi
            """);

        Assert.NotEqual(0, await run.StartAsync("Backup-Database"));

        // Only after the last rename is there a set.
        Assert.Equal(rename == 2 && when == "after" ? 1 : 0, run.RequireWholeSets(atLeast: 0));
        run.RemovePrograms();
        await run.RequireCleanEndAsync();
    }

    [SkippableFact]
    public async Task An_older_program_is_refused_before_anything_is_written()
    {
        await using var run = await BackupRun.CreateAsync(rows: 1);
        await run.AddProgramAsync("pg_dump", "#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.24'\n");

        Assert.NotEqual(0, await run.StartAsync("Backup-Database"));

        Assert.Contains("Backup.ToolTooOld", run.Said, StringComparison.Ordinal);
        Assert.Contains("pg_dump 9.6.24", run.Said, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(run.Folder));
    }

    /// <summary>Runs of the program on a backup of a small database.</summary>
    private sealed class BackupRun : IAsyncDisposable
    {
        private readonly string _root = TestRun.NewFolder("backup-faults");
        private readonly Dictionary<string, string> _environment = [];

        public string Folder => Path.Combine(_root, "sets");

        public string Said { get; private set; } = string.Empty;

        private string Programs => Path.Combine(_root, "bin");

        public static async Task<BackupRun> CreateAsync(int rows)
        {
            var server = await Servers.PostgreSqlAsync();
            var database = await server.CreateDatabaseAsync();
            await server.ExecuteAsync($"CREATE TABLE t AS SELECT n, md5(n::text) AS a FROM generate_series(1, {rows}) n", database);
            var run = new BackupRun();
            Directory.CreateDirectory(run.Folder);
            Directory.CreateDirectory(run.Programs);
            await File.WriteAllTextAsync(Path.Combine(run._root, "opsrunbook.yaml"), $$"""
                stack: shop
                databases: { db: { engine: postgres, server: 127.0.0.1, port: {{server.Port}}, user: {{server.User}}, password: "${env:BACKUP_TEST_PASSWORD}", database: {{database}} } }
                backups: { db: { database: db, directory: {{run.Folder}} } }
                """);
            run._environment["BACKUP_TEST_PASSWORD"] = server.Password;
            run._environment["XDG_STATE_HOME"] = Path.Combine(run._root, "state");
            run._environment["MV_COUNT"] = Path.Combine(run._root, "count");
            run._environment["MV_RUNNER"] = Path.Combine(run._root, "runner");
            return run;
        }

        public async Task AddProgramAsync(string name, string script)
        {
            var path = Path.Combine(Programs, name);
            await File.WriteAllTextAsync(path, script);
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        public void RemovePrograms() => Directory.EnumerateFiles(Programs).ToList().ForEach(File.Delete);

        public async Task<int> StartAsync(string command, TimeSpan? killAfter = null, params string[] arguments)
        {
            var start = new ProcessStartInfo("dotnet", [Console, command, "-Stack", Path.Combine(_root, "opsrunbook.yaml"), "-OutputFormat", "Json", .. arguments])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                UseShellExecute = false,
            };
            foreach (var (name, value) in _environment)
            {
                start.Environment[name] = value;
            }

            start.Environment["PATH"] = $"{Programs}:{Environment.GetEnvironmentVariable("PATH")}";
            using var process = Process.Start(start)!;
            await File.WriteAllTextAsync(_environment["MV_RUNNER"], $"{process.Id}");
            var said = Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            if (killAfter is { } moment)
            {
                await Task.Delay(moment);
                process.Kill(entireProcessTree: false);
            }

            await process.WaitForExitAsync();
            Said = string.Join('\n', await said);
            return process.ExitCode;
        }

        public int RequireWholeSets(int atLeast)
        {
            var sets = Directory.GetDirectories(Folder).Where(path => Path.GetFileName(path)[0] != '.').ToList();
            Assert.True(sets.Count >= atLeast, "A set is gone.");
            foreach (var set in sets)
            {
                using var manifest = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(set, "manifest.json")));
                foreach (var file in manifest.RootElement.GetProperty("files").EnumerateArray())
                {
                    using var content = File.OpenRead(Path.Combine(set, file.GetProperty("path").GetString()!));
                    Assert.Equal(file.GetProperty("sha256").GetString(), Convert.ToHexString(SHA256.HashData(content)).ToLowerInvariant());
                }
            }

            return sets.Count;
        }

        public async Task RequireCleanEndAsync()
        {
            var before = RequireWholeSets(0);
            var leftovers = Directory.GetFileSystemEntries(Folder, ".*.partial").Length;
            Assert.Equal(0, await StartAsync("Backup-Database"));
            Assert.Equal(before + 1, RequireWholeSets(0));

            await StartAsync("Get-DbBackup");
            Assert.Equal(leftovers, Said.Split("\"Interrupted\"").Length - 1);
            Assert.Equal(0, await StartAsync("Remove-DbBackup", null, "-Confirm:false"));
            Assert.Empty(Directory.GetFileSystemEntries(Folder, ".*.partial"));
            Assert.Equal(before + 1, RequireWholeSets(0));
        }

        public ValueTask DisposeAsync()
        {
            Directory.Delete(_root, recursive: true);
            return ValueTask.CompletedTask;
        }
    }
}
