using System.Text;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Disks;

/// <summary>Tells what takes the space of a host's file systems.</summary>
public static class DiskInspector
{
    /// <summary>Deepest folders that may be told apart.</summary>
    public const int DeepestLevel = 1000;

    /// <summary>The folders of a tree by size.</summary>
    /// <param name="host">Host to look at.</param>
    /// <param name="path">Absolute path of a folder.</param>
    /// <param name="depth">Folders below it that are told apart; 0 for none.</param>
    /// <param name="first">How many folders.</param>
    /// <param name="allFileSystems">Go into other file systems too.</param>
    /// <param name="output">Takes the folders, and an error when something could not be looked at.</param>
    /// <param name="cancellationToken">Ends the walk.</param>
    /// <returns>A task that ends with the last folder.</returns>
    public static async Task WriteUsageAsync(
        IHost host, string path, int depth, int first, bool allFileSystems, IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(output);
        path = Normalize(path);
        var start = Encoding.UTF8.GetBytes(path);
        var tally = new UsageTally(start, depth);
        long unreadable;
        string? example = null;
        if (IsNative(host))
        {
            (unreadable, example) = await WalkAsync(host, path, tally, allFileSystems, cancellationToken);
        }
        else
        {
            var reader = new RecordTally(tally, start, depth, allFileSystems);
            unreadable = await FileRecords.ReadTreeAsync(host, path, allFileSystems, regularFilesOnly: false, reader.Take, cancellationToken);
            reader.Complete(unreadable);
        }

        foreach (var usage in tally.Complete(host.Name).Take(first))
        {
            await output.WriteAsync(usage, cancellationToken);
        }

        Report(host, path, unreadable, example, output);
    }

    /// <summary>The largest files of a tree, and the deleted ones on its file system that processes still hold.</summary>
    /// <param name="host">Host to look at.</param>
    /// <param name="path">Absolute path of a folder.</param>
    /// <param name="filter">Which files.</param>
    /// <param name="output">Takes the files, the largest first, and an error when something could not be looked at.</param>
    /// <param name="cancellationToken">Ends the walk.</param>
    /// <returns>A task that ends with the last file.</returns>
    public static async Task WriteLargeFilesAsync(
        IHost host, string path, FileFilter filter, IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentNullException.ThrowIfNull(output);
        path = Normalize(path);
        var owners = await FileOwners.ReadAsync(host, cancellationToken);
        var largest = new LargestFiles(filter, await owners.NumberAsync(filter.Owner, cancellationToken));
        var deleted = DeletedFiles.ReadAsync(host, path, largest, cancellationToken);
        var search = filter.DeletedOnly ? Task.FromResult((0L, (string?)null)) : SearchAsync(host, path, largest, filter.AllFileSystems, cancellationToken);
        await Task.WhenAll(search, deleted);
        var (unreadable, example) = await search;
        var held = await deleted;
        var files = largest.Complete();
        await owners.LearnAsync(files.Select(file => file.Status.User).Concat(held.Select(file => file.Status.User)), cancellationToken);
        var described = files.Select(file => Describe(host, owners, file.Status, file.Path))
            .Concat(await DeletedFiles.DescribeAsync(host, owners, held, cancellationToken))
            .OrderByDescending(file => file.SizeBytes)
            .Take(filter.First);
        foreach (var file in described)
        {
            await output.WriteAsync(file, cancellationToken);
        }

        Report(host, path, unreadable, example, output);
    }

    internal static LargeFile Describe(IHost host, FileOwners owners, in FileStatus status, byte[] path) => new()
    {
        Host = host.Name,
        Path = RawPaths.ToText(path),
        RawPath = path,
        SizeBytes = status.SizeBytes,
        ApparentBytes = status.Length,
        Owner = owners.Name(status.User),
        Modified = DateTime.UnixEpoch.AddSeconds(status.ModifiedSeconds),
        Links = status.Links,
        Device = status.Device,
        Inode = status.Inode,
    };

    private static bool IsNative(IHost host) => host is LocalHost && NativeFiles.IsSupported;

    private static async Task<(long Unreadable, string? Example)> SearchAsync(
        IHost host, string path, LargestFiles largest, bool allFileSystems, CancellationToken cancellationToken)
    {
        if (IsNative(host))
        {
            return await WalkAsync(host, path, largest, allFileSystems, cancellationToken);
        }

        return (await FileRecords.ReadTreeAsync(host, path, allFileSystems, regularFilesOnly: true, Take, cancellationToken), null);

        void Take(in FileStatus status, ReadOnlySpan<byte> name)
        {
            if (largest.Wants(status))
            {
                largest.Add(status, name.ToArray());
            }
        }
    }

    private static async Task<(long Unreadable, string? Example)> WalkAsync(
        IHost host, string path, ITreeVisitor visitor, bool allFileSystems, CancellationToken cancellationToken)
    {
        var walk = new TreeWalk(visitor, allFileSystems, cancellationToken);
        var error = await walk.RunAsync(Encoding.UTF8.GetBytes(path));
        return error == 0 ? (walk.Problems, walk.FirstProblem) : throw DiskErrors.Start(host.Name, path, error);
    }

    private static string Normalize(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        HostErrors.RequireAbsolute(path);
        return path.TrimEnd('/') is { Length: > 0 } trimmed ? trimmed : "/";
    }

    private static void Report(IHost host, string path, long unreadable, string? example, IOperationOutput output)
    {
        if (unreadable > 0)
        {
            output.Error(DiskErrors.Unreadable(host.Name, path, unreadable, example));
        }
    }
}
