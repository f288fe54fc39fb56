using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Logs.Files;

namespace OpsRunbook.Engine.Disks.Cleaning;

/// <summary>Older parts of the logs that the stack names. What is written to, and what only looks like a log, stays.</summary>
internal sealed class RotatedLogFiles : ICleanupCategory
{
    /// <inheritdoc/>
    public DiskCleanupCategory Category => DiskCleanupCategory.RotatedLog;

    /// <inheritdoc/>
    public async Task FindAsync(CleanupSearch search, CancellationToken cancellationToken)
    {
        foreach (var folder in await FoldersAsync(search, cancellationToken))
        {
            await AddAsync(search, Category, folder, cancellationToken);
        }
    }

    /// <summary>Adds the older parts of the logs of a folder.</summary>
    /// <param name="search">Takes them.</param>
    /// <param name="category">What they are.</param>
    /// <param name="folder">The folder.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <returns>A task.</returns>
    public static async Task AddAsync(CleanupSearch search, DiskCleanupCategory category, LogFolder folder, CancellationToken cancellationToken)
    {
        var files = new List<(FileStatus Status, byte[] Path, string Folder, string Name)>();
        string[] depth = folder.Name is null ? [] : ["-maxdepth", "1"];
        var unreadable = await FileRecords.ReadTreeAsync(search.Host, folder.Path, allFileSystems: false, regularFilesOnly: true, Take, cancellationToken, depth);
        if (unreadable > 0)
        {
            search.Output.Error(DiskErrors.Unreadable(search.Host.Name, folder.Path, unreadable, null));
        }

        foreach (var siblings in files.GroupBy(file => file.Folder, StringComparer.Ordinal))
        {
            var names = siblings.Select(file => file.Name).ToHashSet(StringComparer.Ordinal);
            foreach (var (status, path, _, name) in siblings)
            {
                if (RotatedLogs.LogOf(name) is not { } log || !folder.Includes(log, names))
                {
                    continue;
                }

                var keep = search.KeepOf(siblings.Key, log, names);
                if (DateTime.UnixEpoch.AddSeconds(status.ModifiedSeconds) < search.Now - keep)
                {
                    await search.AddFileAsync(category, DiskCleanupRisk.Medium, status, path, $"older part of {log}, kept for {Duration.Format(keep)}", cancellationToken);
                }
            }
        }

        void Take(in FileStatus status, ReadOnlySpan<byte> path)
        {
            var slash = path.LastIndexOf((byte)'/');
            files.Add((status, path.ToArray(), RawPaths.ToText(path[..slash]), RawPaths.ToText(path[(slash + 1)..])));
        }
    }

    private static async Task<IEnumerable<LogFolder>> FoldersAsync(CleanupSearch search, CancellationToken cancellationToken)
    {
        var stack = search.Session.Stack;
        IEnumerable<string> others =
        [
            .. stack.Services.Values.Where(service => IsHere(service.Host)).SelectMany(service => service.Logs),
            .. stack.WebServers.Values.Where(server => IsHere(server.Host)).SelectMany(server => server.Logs),
            .. search.Request.Logs,
        ];
        return search.Logs.Concat(await LogFolder.ResolveAsync(search.Host, others, null, cancellationToken)).DistinctBy(folder => (folder.Path, folder.Name));

        bool IsHere(string? host) => (host ?? LocalHost.LocalName) == search.Host.Name;
    }
}
