using System.Globalization;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Disks.Cleaning;

/// <summary>Makes room on the file systems of a host: one plan over everything that can go, carried out from the least risk on until the target is reached.</summary>
/// <param name="session">The stack in use.</param>
/// <param name="request">What is to be reached, and what may be taken.</param>
/// <param name="changes">The road for changes.</param>
/// <param name="output">Takes the items, one result for each file system, errors and progress.</param>
public sealed class DiskCleaner(StackSession session, DiskCleanupRequest request, ChangeRunner changes, IOperationOutput output)
{
    /// <summary>Reads a used part as operators write it.</summary>
    /// <param name="text"><c>75%</c> or <c>75</c>.</param>
    /// <returns>Percent.</returns>
    /// <exception cref="OpsException"><c>Disk.TargetInvalid</c>.</exception>
    public static double ParseTarget(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return double.TryParse(text.Trim().TrimEnd('%').TrimEnd(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var percent) && percent is > 0 and <= 100
            ? percent
            : throw new OpsException(
                "Disk.TargetInvalid", OpsErrorKind.InvalidArgument, $"'{text}' is no used part of a file system.", "Write for example -Target 75%.", text);
    }

    /// <summary>Cleans up a host.</summary>
    /// <param name="host">The host.</param>
    /// <param name="cancellationToken">Ends the work after the item at hand.</param>
    /// <returns>A task that ends with the last file system.</returns>
    /// <exception cref="OpsException">The host cannot be asked.</exception>
    public async Task RunAsync(IHost host, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        var fileSystems = await SelectAsync(host, cancellationToken);
        var crowded = fileSystems.Where(fileSystem => CleanupFileSystem.Missing(fileSystem.Mount, request.TargetPercent) > 0).ToList();
        using var engine = new DockerEngineStore();
        var steps = crowded.Count == 0 ? [] : await FindAsync(host, crowded, engine, cancellationToken);
        try
        {
            foreach (var fileSystem in fileSystems)
            {
                var own = steps.Where(step => step.Item.FileSystem == fileSystem.Mount.Path).ToList();
                await (changes.IsWhatIf ? PlanAsync(fileSystem, own, cancellationToken) : CleanAsync(host, fileSystem, own, cancellationToken));
            }
        }
        finally
        {
            await changes.CompleteAsync();
        }
    }

    // In order of risk; of the same risk the oldest first, because what is new is more likely to be asked for.
    private async Task<IReadOnlyList<CleanupStep>> FindAsync(
        IHost host, IReadOnlyList<CleanupFileSystem> fileSystems, DockerEngineStore engine, CancellationToken cancellationToken)
    {
        var search = await CleanupSearch.StartAsync(session, host, request, fileSystems, output, cancellationToken);
        ICleanupCategory[] categories =
        [
            new PackageCache(), new DockerBuildCache(engine), new DockerImages(engine), new DockerContainers(engine), new TemporaryFiles(), new RotatedLogFiles(), new Pm2LogFiles(), new JournalArchives(),
            new OpenLogs(), new OldBackups(changes),
        ];
        foreach (var category in categories.Where(category => request.Categories.Count == 0 || request.Categories.Contains(category.Category)))
        {
            output.Progress($"Looking for what can go on {host.Name}", category.Category.ToString(), null);
            try
            {
                await category.FindAsync(search, cancellationToken);
            }
            catch (OpsException error) when (error.Kind != OpsErrorKind.InvalidArgument)
            {
                // One kind that cannot be looked at does not keep the others from being cleaned up.
                output.Error(error);
            }
        }

        return search.Steps.OrderBy(step => step.Item.Risk).ThenBy(step => step.Item.Category).ThenByDescending(step => step.Item.Age ?? TimeSpan.Zero).ToList();
    }

    private async Task<IReadOnlyList<CleanupFileSystem>> SelectAsync(IHost host, CancellationToken cancellationToken)
    {
        var known = new List<CleanupFileSystem>();
        foreach (var mount in (await host.GetMountsAsync(cancellationToken)).Where(mount => mount.Problem is null && mount.TotalBytes > 0))
        {
            if (await FileNumbers.DeviceAsync(host, mount.Path, cancellationToken) is { } device)
            {
                known.Add(new CleanupFileSystem(device, mount));
            }
        }

        if (request.Paths.Count == 0)
        {
            return known.Where(fileSystem => !fileSystem.Mount.ReadOnly).ToList();
        }

        var selected = new List<CleanupFileSystem>();
        foreach (var path in request.Paths)
        {
            HostErrors.RequireAbsolute(path);
            var device = await FileNumbers.DeviceAsync(host, path, cancellationToken);
            if (device is null)
            {
                output.Error(new OpsException("Disk.PathUnknown", OpsErrorKind.NotFound, $"There is no {path} on {host.Name}.", "Check the path.", path));
            }
            else if (known.Find(fileSystem => fileSystem.Device == device) is not { } fileSystem)
            {
                output.Error(new OpsException("Disk.FileSystemUnknown", OpsErrorKind.NotFound, $"{path} of {host.Name} is on no disk.", "Name a path on a file system that 'df' lists.", path));
            }
            else if (fileSystem.Mount.ReadOnly)
            {
                output.Error(DiskErrors.ReadOnly(host.Name, path));
            }
            else if (!selected.Contains(fileSystem))
            {
                selected.Add(fileSystem);
            }
        }

        return selected;
    }

    private async Task PlanAsync(CleanupFileSystem fileSystem, List<CleanupStep> steps, CancellationToken cancellationToken)
    {
        var missing = CleanupFileSystem.Missing(fileSystem.Mount, request.TargetPercent);
        if (missing <= 0)
        {
            output.Verbose($"{fileSystem.Mount.Path} is {fileSystem.Mount.UsedPercent:0.#} % used, which is the target or less.");
            return;
        }

        foreach (var item in steps.Select(step => step.Item))
        {
            var planned = missing > 0 && item.Risk <= request.MostRisk;
            missing -= planned ? item.SizeBytes : 0;
            await output.WriteAsync(
                planned ? item : item with { Outcome = DiskCleanupOutcome.NotNeeded, Message = item.Risk > request.MostRisk ? "riskier than is allowed" : "the target is reached without it" },
                cancellationToken);
        }

        if (missing > 0)
        {
            output.Warning($"Even with all of it, {ByteSize.Format(missing)} are missing on {fileSystem.Mount.Path} to the target of {request.TargetPercent:0.#} %. Look for what fills it with Get-DiskUsage and Find-LargeFile.");
        }
    }

    private async Task CleanAsync(IHost host, CleanupFileSystem fileSystem, List<CleanupStep> steps, CancellationToken cancellationToken)
    {
        var start = fileSystem.Mount;
        var now = start;
        var (done, left, asked) = (0, 0, 0);
        foreach (var step in steps.Where(step => step.Item.Risk <= request.MostRisk))
        {
            if (CleanupFileSystem.Missing(now, request.TargetPercent) <= 0)
            {
                break;
            }

            asked++;
            output.Progress($"Making room on {start.Path} of {host.Name}", step.Item.Target, 100 * asked / steps.Count);

            // Where not even the journal can be written, the safest thing that there is makes the room for it.
            var change = Change(step.Item) with { MakesRoom = step.Item.Risk <= DiskCleanupRisk.Low || (step.Item.Risk < DiskCleanupRisk.High && done + left == 0) };
            if (!await changes.ConfirmAsync(change with { Action = $"{step.Item.Action} {step.Item.Category}, {ByteSize.Format(step.Item.SizeBytes)}: {step.Item.Reason}" }, cancellationToken))
            {
                continue;
            }

            try
            {
                var before = now;
                var (result, after) = await changes.RunAsync(change, token => RunAsync(host, step, start.Path, token), ended => Result(ended.Result, ended.After.FreeBytes - before.FreeBytes), cancellationToken);
                now = after;
                _ = result.Outcome == DiskCleanupOutcome.Done ? done++ : left++;
                await output.WriteAsync(step.Item with { Outcome = result.Outcome, Message = result.Message, FreedBytes = after.FreeBytes - before.FreeBytes }, cancellationToken);
            }
            catch (OpsException error)
            {
                left++;
                output.Error(error);
                if (error.Id.StartsWith("Guard.", StringComparison.Ordinal))
                {
                    break;
                }

                await output.WriteAsync(step.Item with { Outcome = DiskCleanupOutcome.Failed, Message = error.Message }, cancellationToken);
                now = await MeasureAsync(host, start.Path, cancellationToken);
                if (error.Id == "Disk.ReadOnly" || now.ReadOnly)
                {
                    if (error.Id != "Disk.ReadOnly")
                    {
                        output.Error(DiskErrors.ReadOnly(host.Name, start.Path));
                    }

                    break;
                }
            }
        }

        var missing = CleanupFileSystem.Missing(now, request.TargetPercent);
        await output.WriteAsync(
            new DiskCleanup
            {
                TargetMet = missing <= 0,
                Host = host.Name,
                FileSystem = start.Path,
                TargetPercent = request.TargetPercent,
                UsedPercentBefore = Math.Round(start.UsedPercent, 1),
                UsedPercentAfter = Math.Round(now.UsedPercent, 1),
                FreedBytes = now.FreeBytes - start.FreeBytes,
                MissingBytes = Math.Max(0, missing),
                Done = done,
                Left = left,
                Remaining = steps.Count - done - left,
            },
            cancellationToken);
    }

    private static async Task<(CleanupResult Result, HostMount After)> RunAsync(IHost host, CleanupStep step, string mount, CancellationToken cancellationToken)
    {
        var result = await step.RunAsync(cancellationToken);
        return (result, await MeasureAsync(host, mount, cancellationToken));
    }

    private static async Task<HostMount> MeasureAsync(IHost host, string path, CancellationToken cancellationToken) =>
        (await host.GetMountsAsync(cancellationToken)).FirstOrDefault(mount => mount.Path == path && mount.Problem is null)
        ?? throw HostErrors.FileFailed(host.Name, path, "it is not mounted any more, or does not answer.");

    // The path in the journal names exactly the bytes of the file.
    private static Change Change(DiskCleanupItem item) => new(item.Action, item.Target, item.Host)
    {
        Before = new Dictionary<string, string?>
        {
            ["category"] = item.Category.ToString(),
            ["bytes"] = item.SizeBytes.ToString(CultureInfo.InvariantCulture),
            ["path"] = item.RawPath.Count == 0 ? null : FileRemoval.Escape([.. item.RawPath]),
            ["inode"] = item.Inode?.ToString(CultureInfo.InvariantCulture),
        },
    };

    private static ChangeResult Result(CleanupResult result, long freed) => new(
        result.Outcome == DiskCleanupOutcome.Done ? JournalOutcome.Succeeded : JournalOutcome.Failed, result.Message)
    {
        After = new Dictionary<string, string?> { ["freed"] = freed.ToString(CultureInfo.InvariantCulture) },
    };
}
