using System.IO.Enumeration;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Backups;

/// <summary>A folder with the sets of a backup.</summary>
/// <param name="host">Host that it is on.</param>
/// <param name="directory">Absolute path.</param>
/// <param name="name">Name of the backup in the stack, or its address: sets of ours with another name belong to others.</param>
/// <param name="pattern">Names of the sets that somebody else makes, a glob; null when there are none.</param>
internal sealed class BackupFolder(IHost host, string directory, string name, string? pattern = null)
{
    // An argument list has its limits.
    private const int FilesAtOnce = 200;
    private const string TableOfContents = "toc.dat";

    private string? _path;

    /// <summary>Host that it is on.</summary>
    public IHost Host => host;

    /// <summary>The folder as it was named.</summary>
    public string Directory => directory;

    /// <summary>Absolute path of something in it. After a listing, links in the path of the folder itself are resolved.</summary>
    /// <param name="entry">Name in the folder.</param>
    /// <returns>The path on the host.</returns>
    public string PathOf(string entry) => $"{(_path ?? directory).TrimEnd('/')}/{entry}";

    /// <summary>Lists the folder. No link in it is followed.</summary>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The complete and damaged sets in order from the oldest to the newest, then everything else.</returns>
    /// <exception cref="OpsException"><c>Backup.FolderNotFound</c>, <c>Host.FileForbidden</c>, <c>Backup.FolderNotRead</c>.</exception>
    public async Task<IReadOnlyList<BackupSet>> ListAsync(CancellationToken cancellationToken)
    {
        HostErrors.RequireAbsolute(directory);
        var result = await host.RunAsync(FolderScripts.List(directory), cancellationToken);
        switch (result.ExitCode)
        {
            case 0 when !result.Truncated && result.StandardOutput.Length > 0:
                break;
            case FolderScripts.NoFolder:
                throw new OpsException(
                    "Backup.FolderNotFound", OpsErrorKind.NotFound, $"There is no folder {directory} on {host.Name}.", "Create it, or mend 'directory:' of the backup in the stack file.", directory);
            case FolderScripts.Forbidden:
                throw HostErrors.FileForbidden(host.Name, directory);
            default:
                throw new OpsException(
                    "Backup.FolderNotRead",
                    OpsErrorKind.OperationFailed,
                    $"The backups in {directory} on {host.Name} cannot be listed: {(result.Truncated ? "there is too much in it." : result.Summary)}",
                    "Check that it is the folder of the backups.",
                    directory);
        }

        var locked = new HashSet<string>(StringComparer.Ordinal);
        (_path, var entries) = FolderScripts.Parse(result.StandardOutput, locked);
        var tops = entries.GroupBy(entry => entry.Top, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.ToList(), StringComparer.Ordinal);
        var heads = await ReadHeadsAsync(tops.Where(IsForeignFile).Select(top => top.Key).ToList(), cancellationToken);
        var sets = await Task.WhenAll(tops
            .Where(top => !BackupName.IsLock(top.Key) && !IsManifestOfOther(top.Key, tops))
            .Select(top => LookAsync(top.Key, top.Value, tops, heads.GetValueOrDefault(top.Key), locked, cancellationToken)));
        return BackupOrder.Sort(sets.OfType<BackupSet>());
    }

    private bool IsForeignFile(KeyValuePair<string, List<FolderEntry>> top) => top.Value is [{ IsFile: true }] && Fits(top.Key);

    private bool Fits(string entry) => pattern is not null && !entry.StartsWith('.')
        && !entry.EndsWith(BackupManifest.Suffix, StringComparison.Ordinal) && FileSystemName.MatchesSimpleExpression(pattern, entry, ignoreCase: false);

    private static bool IsManifestOfOther(string entry, Dictionary<string, List<FolderEntry>> tops) =>
        entry.EndsWith(BackupManifest.Suffix, StringComparison.Ordinal) && tops.ContainsKey(entry[..^BackupManifest.Suffix.Length]);

    private async Task<Dictionary<string, BackupContent?>> ReadHeadsAsync(List<string> names, CancellationToken cancellationToken)
    {
        var heads = new Dictionary<string, BackupContent?>(StringComparer.Ordinal);
        foreach (var some in names.Chunk(FilesAtOnce))
        {
            var result = await host.RunAsync(FolderScripts.Heads(some.Select(PathOf)), cancellationToken);
            foreach (var (entry, line) in some.Zip(result.StandardOutput.Split('\n')))
            {
                heads[entry] = FolderScripts.Recognize(line);
            }
        }

        return heads;
    }

    // Null for a set of another backup in the same folder.
    private async Task<BackupSet?> LookAsync(
        string entry, List<FolderEntry> content, Dictionary<string, List<FolderEntry>> tops, BackupContent? head, HashSet<string> locked, CancellationToken cancellationToken)
    {
        var top = content.Find(found => found.Path == entry) ?? content[0];
        var set = new BackupSet { Folder = this, Name = entry, State = BackupState.NotRecognized, IsFolder = top.IsFolder, Changed = top.Changed, Files = Files(top, content) };
        if (content.Find(found => found.IsLink) is { } link)
        {
            return set with { Files = [], Problem = link == top ? "it is a link, and links are not followed" : $"it holds a link, {link.Path}, and links are not followed" };
        }

        var isOurs = BackupName.TryParse(entry, out var owner, out _, out var isTemporary);
        if (BackupName.IsTemporaryFile(entry) || (isOurs && isTemporary))
        {
            return isOurs && owner != BackupName.FileName(name) ? null : set with
            {
                State = isOurs && locked.Contains(BackupName.Lock(name)) ? BackupState.Running : BackupState.Interrupted,
                Problem = isOurs && locked.Contains(BackupName.Lock(name)) ? "it is being written" : "it is left of an interrupted run",
            };
        }

        var foreign = Fits(entry);
        if (!top.IsFolder)
        {
            return !foreign ? set with { Problem = "its name is not one of this backup's" }
                : head is null ? set with { Problem = top.IsFile ? "its content is no dump that this module knows" : "it is no ordinary file" }
                : await ForeignAsync(set, head, [], tops, cancellationToken);
        }

        var bytes = content.Exists(found => found.IsFile && found.Path == $"{entry}/{BackupManifest.FileName}") ? await ReadAsync($"{entry}/{BackupManifest.FileName}", cancellationToken) : null;
        if (bytes is not null && BackupManifest.Read(bytes, out var problem) is var manifest && (manifest is not null || problem is not null))
        {
            return manifest is null ? Other(set, isOurs, owner, problem!) : manifest.Name == name ? Judge(set, manifest) : null;
        }

        return foreign ? await ForeignFolderAsync(set, bytes, tops, cancellationToken)
            : isOurs ? Other(set, isOurs, owner, "it has no manifest")
            : set with { Problem = "its name is not one of this backup's" };
    }

    private BackupSet? Other(BackupSet set, bool isOurs, string owner, string problem) =>
        isOurs && owner != BackupName.FileName(name) ? null : set with { State = isOurs ? BackupState.Damaged : BackupState.NotRecognized, Problem = problem };

    private async Task<BackupSet> ForeignFolderAsync(BackupSet set, byte[]? bytes, Dictionary<string, List<FolderEntry>> tops, CancellationToken cancellationToken)
    {
        string? problem = null;
        var listed = bytes is null ? null : ForeignManifest.Read(bytes, out problem);
        if (problem is not null)
        {
            return set with { Problem = problem };
        }

        if (set.Files.Any(file => file.Path == TableOfContents))
        {
            return await ForeignAsync(set, new BackupContent(BackupFormat.PostgreSqlDirectory, BackupCompression.None, BackupEngine.PostgreSql), listed ?? [], tops, cancellationToken);
        }

        return listed is null
            ? set with { Problem = "it holds neither a manifest with checksums nor a dump in directory format" }
            : await ForeignAsync(set, new BackupContent(BackupFormat.Unknown, BackupCompression.None, BackupEngine.Unknown), listed, tops, cancellationToken);
    }

    private async Task<BackupSet> ForeignAsync(
        BackupSet set, BackupContent content, IReadOnlyList<ManifestFile> listed, Dictionary<string, List<FolderEntry>> tops, CancellationToken cancellationToken)
    {
        set = Expect(set with { IsForeign = true, State = BackupState.Complete }, listed);
        var found = new BackupManifest
        {
            Name = name,
            Engine = content.Engine,
            Database = content.Database,
            Format = content.Format,
            Compression = content.Compression,
            Ended = set.Changed,
            ServerVersion = content.ServerVersion,
            Tool = content.Tool,
            Bytes = set.Bytes,
            Files = set.Files.Select(file => file.Expected ?? new ManifestFile { Path = file.Path, Bytes = file.Bytes }).ToList(),
        };
        var beside = set.Name + BackupManifest.Suffix;
        if (tops.GetValueOrDefault(beside) is [{ IsFile: true }] && await ReadAsync(beside, cancellationToken) is { } bytes
            && BackupManifest.Read(bytes, out _) is { } known && set.IsSameContent(known))
        {
            // What an earlier test recorded. After the next run of whoever makes these sets it is about something that is gone.
            found = found with { Files = known.Files, Verdicts = known.Verdicts, Tables = known.Tables };
            set = Expect(set, known.Files);
        }

        return set with { Manifest = found };
    }

    private static BackupSet Judge(BackupSet set, BackupManifest manifest)
    {
        set = Expect(set with { Manifest = manifest, State = BackupState.Complete }, manifest.Files);
        var files = set.Files.ToDictionary(file => file.Path, StringComparer.Ordinal);
        var problem = manifest.Files.Count == 0 ? "its manifest lists no files"
            : manifest.Files.FirstOrDefault(file => !files.ContainsKey(file.Path)) is { } missing ? $"{missing.Path} is missing"
            : set.Files.FirstOrDefault(file => file.Expected?.Bytes is { } bytes && bytes != file.Bytes) is { } other
                ? $"{other.Path} has {ByteSize.Format(other.Bytes)} and had {ByteSize.Format(other.Expected!.Bytes!.Value)} when it was written"
            : null;
        return problem is null ? set : set with { State = BackupState.Damaged, Problem = problem };
    }

    private static BackupSet Expect(BackupSet set, IReadOnlyList<ManifestFile> listed)
    {
        if (listed.Count == 0)
        {
            return set;
        }

        var expected = new Dictionary<string, ManifestFile>(StringComparer.Ordinal);
        foreach (var file in listed)
        {
            expected[file.Path] = file;
        }

        var files = set.Files.Select(file => file with { Expected = expected.GetValueOrDefault(file.Path) }).ToList();
        return set with
        {
            Files = files,
            State = expected.Keys.All(path => files.Exists(file => file.Path == path)) ? set.State : BackupState.Damaged,
            Problem = expected.Keys.FirstOrDefault(path => !files.Exists(file => file.Path == path)) is { } missing ? $"{missing} is missing" : set.Problem,
        };
    }

    private static List<BackupFile> Files(FolderEntry top, List<FolderEntry> content) => top.IsFolder
        ? content
            .Where(found => found.IsFile && found.Path != $"{top.Path}/{BackupManifest.FileName}")
            .Select(found => new BackupFile(found.Path[(top.Path.Length + 1)..], found.Bytes, null))
            .OrderBy(file => file.Path, StringComparer.Ordinal)
            .ToList()
        : top.IsFile ? [new BackupFile(top.Path, top.Bytes, null)] : [];

    private async Task<byte[]?> ReadAsync(string entry, CancellationToken cancellationToken)
    {
        try
        {
            return await host.ReadFileAsync(PathOf(entry), BackupManifest.MaximumBytes, cancellationToken);
        }
        catch (OpsException error) when (error.Id is "Host.FileForbidden" or "Host.FileFailed" or "Host.FileTooLarge")
        {
            // One set that cannot be read is shown as such; the others are listed all the same.
            return null;
        }
    }
}
