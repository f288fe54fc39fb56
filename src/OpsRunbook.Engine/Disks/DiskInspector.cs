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
        Unread unread;
        if (IsNative(host))
        {
            unread = await WalkAsync(host, path, tally, allFileSystems, cancellationToken);
        }
        else
        {
            var reader = new RecordTally(tally, start, depth, allFileSystems);
            unread = new Unread(await FileRecords.ReadTreeAsync(host, path, allFileSystems, regularFilesOnly: false, reader.Take, cancellationToken), null);
            reader.Complete(unread.Count);
        }

        foreach (var usage in tally.Complete(host.Name).Take(first))
        {
            await output.WriteAsync(usage, cancellationToken);
        }

        Report(host, path, unread, output);
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
        var search = filter.DeletedOnly ? Task.FromResult(new Unread(0, null)) : SearchAsync(host, path, largest, filter.AllFileSystems, cancellationToken);
        var deleted = DeletedFiles.ReadAsync(host, path, largest, cancellationToken);
        await Task.WhenAll(search, deleted);
        var unread = await search;
        var files = largest.Complete();

        // Of what is too small for the list by now nobody needs to know who holds it.
        var held = (await deleted).Where(file => largest.Wants(file.Status)).ToList();
        await owners.LearnAsync(files.Select(file => file.Status.User).Concat(held.Select(file => file.Status.User)), cancellationToken);
        var described = files.Select(file => Describe(host, owners, file.Status, file.Path))
            .Concat(await DeletedFiles.DescribeAsync(host, owners, held, cancellationToken))
            .OrderByDescending(file => file.SizeBytes)
            .Take(filter.First);
        foreach (var file in described)
        {
            await output.WriteAsync(file, cancellationToken);
        }

        Report(host, path, unread, output);
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

    /// <summary>The kernel of this machine is asked itself, without another program.</summary>
    /// <param name="host">The host.</param>
    /// <returns>True when it is.</returns>
    internal static bool IsNative(IHost host) => host is LocalHost && NativeFiles.IsSupported;

    private static Task<Unread> SearchAsync(IHost host, string path, LargestFiles largest, bool allFileSystems, CancellationToken cancellationToken) =>
        IsNative(host) ? WalkAsync(host, path, largest, allFileSystems, cancellationToken) : AskAsync(host, path, largest, allFileSystems, cancellationToken);

    private static async Task<Unread> AskAsync(IHost host, string path, LargestFiles largest, bool allFileSystems, CancellationToken cancellationToken)
    {
        return new Unread(await FileRecords.ReadTreeAsync(host, path, allFileSystems, regularFilesOnly: true, Take, cancellationToken), null);

        void Take(in FileStatus status, ReadOnlySpan<byte> name)
        {
            if (largest.Wants(status))
            {
                largest.Add(status, name.ToArray());
            }
        }
    }

    // The walk keeps threads of its own busy from here on; the caller's goes on.
    private static Task<Unread> WalkAsync(IHost host, string path, ITreeVisitor visitor, bool allFileSystems, CancellationToken cancellationToken) => Task.Factory.StartNew(
        () =>
        {
            var walk = new TreeWalk(visitor, allFileSystems, cancellationToken);
            var error = walk.Run(Encoding.UTF8.GetBytes(path));
            return error == 0 ? new Unread(walk.Problems, walk.FirstProblem) : throw DiskErrors.Start(host.Name, path, error);
        },
        CancellationToken.None,
        TaskCreationOptions.LongRunning,
        TaskScheduler.Default);

    private static string Normalize(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        HostErrors.RequireAbsolute(path);
        return path.TrimEnd('/') is { Length: > 0 } trimmed ? trimmed : "/";
    }

    private static void Report(IHost host, string path, Unread unread, IOperationOutput output)
    {
        if (unread.Count > 0)
        {
            output.Error(DiskErrors.Unreadable(host.Name, path, unread.Count, unread.Example));
        }
    }

    /// <summary>What could not be looked at.</summary>
    private sealed record Unread(long Count, string? Example);
}
