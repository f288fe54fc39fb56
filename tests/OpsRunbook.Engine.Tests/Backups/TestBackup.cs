using OpsRunbook.Engine.Backups;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Engine.Tests.Databases;
using OpsRunbook.Engine.Tests.Safety;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Backups;

/// <summary>A backup of a stack into a temporary folder, with what a command says about it.</summary>
internal sealed class TestBackup : IAsyncDisposable
{
    private readonly StackSession _session;
    private readonly bool _ownsFolder;

    public TestBackup(StackDatabase database, string? folder = null, Action<OpsStack>? change = null)
        : this(stack => stack.Databases["shop"] = database, folder, change)
    {
    }

    public TestBackup(StackCache cache)
        : this(stack => stack.Caches["shop"] = cache, null, null)
    {
    }

    private TestBackup(Action<OpsStack> add, string? folder, Action<OpsStack>? change)
    {
        _ownsFolder = folder is null;
        Folder = folder ?? Directory.CreateTempSubdirectory("opsrunbook-backups-").FullName;
        var stack = new OpsStack { Name = "shop", Backups = { ["db"] = new StackBackup { Database = "shop", Directory = Folder } } };
        add(stack);
        change?.Invoke(stack);
        _session = new StackSession(stack);
        Member = BackupMember.Select(_session, [], null, Output).Single();
    }

    public string Folder { get; }

    public StackBackup Definition => Member.Definition;

    public BackupMember Member { get; }

    public RecordedOutput Output { get; set; } = new();

    public MemoryJournal Journal { get; } = new();

    public static TestBackup Of(PostgreSqlServer server, string? database = null, string? folder = null, Action<OpsStack>? change = null) => new(DatabaseFixtures.Of(server, database), folder, change);

    public static TestBackup Of(MariaDbServer server, string? database = null) => new(DatabaseFixtures.Of(server, database));

    public ChangeRunner Changes(string? reason = null, bool force = false) => new(Output, Journal, new ChangeOrigin("Backup-Database", "shop", reason, force));

    public async Task<DbBackup> MakeAsync(BackupRequest? request = null, CancellationToken cancellationToken = default) =>
        (await new BackupMaker(Member, request ?? new BackupRequest(), Changes(), Output).RunAsync(cancellationToken))!;

    public Task<IReadOnlyList<BackupSet>> SetsAsync() => Member.Folder.ListAsync(default);

    public async Task<IReadOnlyList<DbBackup>> ListAsync(DateTime? now = null) => new BackupJudge(Member, now ?? DateTime.UtcNow).Judge(await SetsAsync());

    /// <summary>Path of the only data file of a set.</summary>
    public static string DataFile(DbBackup backup) => Assert.Single(Directory.GetFiles(backup.Path), path => Path.GetFileName(path) != BackupManifest.FileName);

    public async ValueTask DisposeAsync()
    {
        await _session.DisposeAsync();
        if (_ownsFolder)
        {
            Directory.Delete(Folder, recursive: true);
        }
    }
}
