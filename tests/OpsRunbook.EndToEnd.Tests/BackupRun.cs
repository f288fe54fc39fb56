using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;

namespace OpsRunbook.EndToEnd.Tests;

/// <summary>Runs of the program on a backup of a small database.</summary>
internal sealed class BackupRun : IAsyncDisposable
{
    private readonly string _root = TestRun.NewFolder("backup-faults");
    private readonly Dictionary<string, string> _environment = [];

    private string _path = Environment.GetEnvironmentVariable("PATH")!;

    public required PostgreSqlServer Server { get; init; }

    public required string Database { get; init; }

    public string Folder => Path.Combine(_root, "sets");

    public string Said { get; private set; } = string.Empty;

    private string Programs => Path.Combine(_root, "bin");

    public static async Task<BackupRun> CreateAsync(int rows, SshServer? far = null)
    {
        var server = await Servers.PostgreSqlAsync();
        var database = await server.CreateDatabaseAsync();
        await server.ExecuteAsync($"CREATE TABLE t AS SELECT n, md5(n::text) AS a FROM generate_series(1, {rows}) n", database);
        var run = new BackupRun { Server = server, Database = database };
        Directory.CreateDirectory(run.Folder);
        Directory.CreateDirectory(run.Programs);
        await File.WriteAllTextAsync(Path.Combine(run._root, "opsrunbook.yaml"), $$"""
            stack: shop
            hosts: { {{(far is null ? string.Empty : $"far: {{ ssh: \"{far.Destination}\", identity: {far.IdentityFile}, options: {{ {string.Join(", ", far.Options.Select(option => $"{option.Key}: \"{option.Value}\""))} }} }}")}} }
            databases: { db: { engine: postgres, {{(far is null ? string.Empty : "host: far, ")}}server: 127.0.0.1, port: {{server.Port}}, user: {{server.User}}, password: "${env:BACKUP_TEST_PASSWORD}", database: {{database}} } }
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

    /// <summary>Takes programs from what is run; everything else stays.</summary>
    public void Hide(Func<string, bool> program)
    {
        var links = Directory.CreateDirectory(Path.Combine(_root, "links")).FullName;
        foreach (var file in _path.Split(':').Where(Directory.Exists).SelectMany(Directory.EnumerateFiles).DistinctBy(Path.GetFileName).Where(file => !program(Path.GetFileName(file))))
        {
            File.CreateSymbolicLink(Path.Combine(links, Path.GetFileName(file)), file);
        }

        _path = links;
    }

    public Task<int> StartAsync(string command, TimeSpan? killAfter = null, params string[] arguments) =>
        StartAsync(command, killAfter is { } moment ? () => Task.Delay(moment) : null, arguments);

    public async Task<int> StartAsync(string command, Func<Task>? killWhen, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [ConsoleRun.Console, command, "-Stack", Path.Combine(_root, "opsrunbook.yaml"), "-OutputFormat", "Json", .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var (name, value) in _environment)
        {
            start.Environment[name] = value;
        }

        start.Environment["PATH"] = $"{Programs}:{_path}";
        using var process = Process.Start(start)!;
        await File.WriteAllTextAsync(_environment["MV_RUNNER"], $"{process.Id}");
        var said = Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        if (killWhen is not null)
        {
            var moment = killWhen();
            await Task.WhenAny(moment, process.WaitForExitAsync());
            process.Kill(entireProcessTree: false);
            await moment;
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
        Assert.Equal(0, await StartAsync("Remove-DbBackup", (TimeSpan?)null, "-Confirm:false"));
        Assert.Empty(Directory.GetFileSystemEntries(Folder, ".*.partial"));
        Assert.Equal(before + 1, RequireWholeSets(0));
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_root, recursive: true);
        return ValueTask.CompletedTask;
    }
}
