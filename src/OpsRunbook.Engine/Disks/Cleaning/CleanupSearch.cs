using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Disks.Cleaning;

/// <summary>The search for what can be cleaned up on one host. The categories add their steps to it.</summary>
internal sealed class CleanupSearch
{
    // When not everything that is open can be seen, whatever changed lately may be.
    private static readonly TimeSpan Unseen = TimeSpan.FromDays(1);

    private readonly Dictionary<FileIdentity, bool> _known = [];
    private readonly ProtectedPaths _protected;
    private readonly OpenFiles _open;
    private readonly List<CleanupStep> _steps = [];

    private CleanupSearch(
        StackSession session, IHost host, DiskCleanupRequest request, IReadOnlyList<CleanupFileSystem> fileSystems, IOperationOutput output, ProtectedPaths protectedPaths, IReadOnlyList<LogFolder> logs)
    {
        Session = session;
        Host = host;
        Request = request;
        FileSystems = fileSystems;
        Output = output;
        Logs = logs;
        _protected = protectedPaths;
        _open = new OpenFiles(host);
    }

    public StackSession Session { get; }

    public IHost Host { get; }

    public DiskCleanupRequest Request { get; }

    public IReadOnlyList<CleanupFileSystem> FileSystems { get; }

    /// <summary>Takes errors about what could not be looked at.</summary>
    public IOperationOutput Output { get; }

    /// <summary>Where the stack says that logs are, and how long they are kept.</summary>
    public IReadOnlyList<LogFolder> Logs { get; }

    public DateTime Now { get; } = DateTime.UtcNow;

    public IReadOnlyList<CleanupStep> Steps => _steps;

    /// <summary>Begins a search.</summary>
    /// <param name="session">The stack in use.</param>
    /// <param name="host">The host.</param>
    /// <param name="request">What may be taken.</param>
    /// <param name="fileSystems">What is to be cleaned up.</param>
    /// <param name="output">Takes errors about what could not be looked at.</param>
    /// <param name="cancellationToken">Ends the questions to the host.</param>
    /// <returns>A search without steps.</returns>
    public static async Task<CleanupSearch> StartAsync(
        StackSession session, IHost host, DiskCleanupRequest request, IReadOnlyList<CleanupFileSystem> fileSystems, IOperationOutput output, CancellationToken cancellationToken)
    {
        var logs = new List<LogFolder>();
        foreach (var log in session.Stack.Logs.Values.Where(log => (log.Host ?? LocalHost.LocalName) == host.Name && !log.Protect && log.Rotation?.By != "docker"))
        {
            logs.AddRange(await LogFolder.ResolveAsync(host, log.Files, log.Keep, cancellationToken));
        }

        return new CleanupSearch(session, host, request, fileSystems, output, await ProtectedPaths.ReadAsync(session.Stack, host, cancellationToken), logs);
    }

    /// <summary>How long an older part of a log is kept: the longest that the stack says for it.</summary>
    /// <param name="folder">Its folder.</param>
    /// <param name="log">Name of the log.</param>
    /// <param name="siblings">The names in the folder.</param>
    /// <returns>The time.</returns>
    public TimeSpan KeepOf(string folder, string log, IReadOnlySet<string> siblings) =>
        Logs.Where(known => known.Covers(folder) && known.Includes(log, siblings)).Max(known => known.Keep) ?? Request.KeepLogs;

    /// <summary>The file system of that number, if it is to be cleaned up.</summary>
    public CleanupFileSystem? FileSystem(ulong device) => FileSystems.FirstOrDefault(fileSystem => fileSystem.Device == device);

    /// <summary>Adds a step that is not about a single file, unless it gives too little or is on another file system.</summary>
    /// <param name="category">What it is about.</param>
    /// <param name="risk">What is lost with it.</param>
    /// <param name="action">What is done.</param>
    /// <param name="target">Its name.</param>
    /// <param name="device">Number of its file system.</param>
    /// <param name="size">What it should give, bytes.</param>
    /// <param name="made">When it was made or changed last, UTC; null when nobody knows.</param>
    /// <param name="reason">Why it may be done.</param>
    /// <param name="runAsync">Does it.</param>
    public void Add(
        DiskCleanupCategory category,
        DiskCleanupRisk risk,
        string action,
        string target,
        ulong device,
        long size,
        DateTime? made,
        string reason,
        Func<CancellationToken, Task<CleanupResult>> runAsync)
    {
        if (size >= Request.SmallestBytes && FileSystem(device) is { } fileSystem)
        {
            _steps.Add(new CleanupStep(Describe(category, risk, action, target, fileSystem, size, made, reason), runAsync));
        }
    }

    /// <summary>Adds the removal of a file, unless it is protected, used by somebody, too small, or on another file system.</summary>
    /// <param name="category">What it is.</param>
    /// <param name="risk">What is lost with it.</param>
    /// <param name="status">The file.</param>
    /// <param name="path">Its path, without any link in it.</param>
    /// <param name="reason">Why it may go.</param>
    /// <param name="cancellationToken">Ends the question who uses it.</param>
    /// <returns>A task.</returns>
    public async Task AddFileAsync(DiskCleanupCategory category, DiskCleanupRisk risk, FileStatus status, byte[] path, string reason, CancellationToken cancellationToken)
    {
        // Removing one of several names frees nothing.
        if (!status.IsRegular || status.Links != 1 || status.SizeBytes < Request.SmallestBytes || FileSystem(status.Device) is not { } fileSystem || !_known.TryAdd(status.Identity, true))
        {
            return;
        }

        if (_protected.Contains(path))
        {
            Output.Verbose($"{RawPaths.ToText(path)} on {Host.Name} is protected and stays.");
            return;
        }

        if (await IsUsedAsync(status, cancellationToken))
        {
            Output.Verbose($"{RawPaths.ToText(path)} on {Host.Name} is in use and stays: removing it would free nothing.");
            return;
        }

        AddFile(Describe(category, risk, "Remove", RawPaths.ToText(path), fileSystem, status.SizeBytes, Time(status), reason), status, path, token => RemoveAsync(status, path, token));
    }

    /// <summary>Adds other work on a file than its removal, unless it is protected, too small, or on another file system.</summary>
    /// <param name="category">What it is.</param>
    /// <param name="risk">What is lost with it.</param>
    /// <param name="action">What is done to it.</param>
    /// <param name="status">The file.</param>
    /// <param name="path">Its path, without any link in it.</param>
    /// <param name="size">What it should give, bytes.</param>
    /// <param name="reason">Why it may be done.</param>
    /// <param name="runAsync">Does it.</param>
    public void AddWork(
        DiskCleanupCategory category, DiskCleanupRisk risk, string action, FileStatus status, byte[] path, long size, string reason, Func<CancellationToken, Task<CleanupResult>> runAsync)
    {
        if (status.Links == 1 && size >= Request.SmallestBytes && FileSystem(status.Device) is { } fileSystem && !_protected.Contains(path) && _known.TryAdd(status.Identity, true))
        {
            AddFile(Describe(category, risk, action, RawPaths.ToText(path), fileSystem, size, Time(status), reason), status, path, runAsync);
        }
    }

    /// <summary>Waits until nobody has a file open any more.</summary>
    /// <param name="status">The file.</param>
    /// <param name="patience">Longest wait.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False when somebody still has.</returns>
    public async Task<bool> IsReleasedAsync(FileStatus status, TimeSpan patience, CancellationToken cancellationToken)
    {
        for (var waited = System.Diagnostics.Stopwatch.StartNew(); await _open.ContainsAsync(status, cancellationToken, fresh: true);)
        {
            if (waited.Elapsed > patience)
            {
                return false;
            }

            await Task.Delay(200, cancellationToken);
        }

        return true;
    }

    private DiskCleanupItem Describe(
        DiskCleanupCategory category, DiskCleanupRisk risk, string action, string target, CleanupFileSystem fileSystem, long size, DateTime? made, string reason) => new()
        {
            Outcome = DiskCleanupOutcome.Planned,
            Category = category,
            Risk = risk,
            Action = action,
            Target = target,
            SizeBytes = size,
            Modified = made,
            Age = Now - made,
            Reason = reason,
            Host = Host.Name,
            FileSystem = fileSystem.Mount.Path,
        };

    private void AddFile(DiskCleanupItem item, in FileStatus status, byte[] path, Func<CancellationToken, Task<CleanupResult>> runAsync) =>
        _steps.Add(new CleanupStep(item with { RawPath = path, Device = status.Device, Inode = status.Inode }, runAsync));

    private static DateTime Time(in FileStatus status) => DateTime.UnixEpoch.AddSeconds(status.ModifiedSeconds);

    private async Task<CleanupResult> RemoveAsync(FileStatus status, byte[] path, CancellationToken cancellationToken) =>
        await IsUsedAsync(status, cancellationToken)
            ? new CleanupResult(DiskCleanupOutcome.Changed, "somebody uses it now")
            : await FileRemoval.RemoveAsync(Host, status, path, cancellationToken);

    private async Task<bool> IsUsedAsync(FileStatus status, CancellationToken cancellationToken) =>
        await _open.ContainsAsync(status, cancellationToken)
        || (_open.IsPartial && Time(status) > DateTime.UtcNow - Unseen);
}
