using System.Globalization;

namespace OpsRunbook.Engine.Hosts;

/// <summary>Judges a machine: CPU, load, memory, swap, file systems, processes ended for want of memory.</summary>
public static class HostInspector
{
    /// <summary>How long CPU use is measured unless the caller says otherwise.</summary>
    public static readonly TimeSpan DefaultSample = TimeSpan.FromMilliseconds(300);

    /// <summary>Looks at a host for <see cref="DefaultSample"/>.</summary>
    /// <param name="host">Host to look at.</param>
    /// <param name="thresholds">Limits.</param>
    /// <param name="cancellationToken">Ends the inspection.</param>
    /// <returns>The health. A host that cannot be looked at is Unknown with the reason, not an exception.</returns>
    public static Task<HostHealth> InspectAsync(IHost host, StackThresholds thresholds, CancellationToken cancellationToken) =>
        InspectAsync(host, thresholds, DefaultSample, cancellationToken);

    /// <summary>Looks at a host.</summary>
    /// <param name="host">Host to look at.</param>
    /// <param name="thresholds">Limits.</param>
    /// <param name="sample">How long CPU use is measured.</param>
    /// <param name="cancellationToken">Ends the inspection.</param>
    /// <returns>The health. A host that cannot be looked at is Unknown with the reason, not an exception.</returns>
    public static async Task<HostHealth> InspectAsync(
        IHost host, StackThresholds thresholds, TimeSpan sample, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(thresholds);
        HostReading before;
        try
        {
            before = await HostReading.ReadAsync(host, cancellationToken);
        }
        catch (OpsException error)
        {
            return new HostHealth
            {
                Status = HealthStatus.Unknown,
                Host = host.Name,
                Message = error.Message,
                Findings = [new CheckResult { Name = "host", Status = HealthStatus.Unknown, Message = error.FullMessage, Reason = error.Id, Target = host.Name }],
            };
        }

        var container = host is ContainerHost || before.HasContainerFiles;
        var uptime = await UptimeAsync(host, before, cancellationToken);
        var mounts = MountsAsync(host, thresholds, cancellationToken);
        var oom = OomAsync(host, before, container, uptime ?? TimeSpan.Zero, cancellationToken);
        await Task.Delay(sample, cancellationToken);
        var (after, failure) = await TryReadAsync(host, cancellationToken);
        var (oomKills, oomLastDay, oomFinding) = await oom;
        var (mountHealth, mountFindings) = await mounts;

        var cores = before.CpuLimit ?? before.Cores;
        var cpu = after is null ? null : CpuPercent(before, after, container, cores);
        var reading = after ?? before;
        var load = container ? [] : reading.Load;
        var memory = Memory(reading, container);
        var swap = reading.Memory("SwapTotal") is { } swapTotal && !container
            ? (Total: swapTotal, Used: swapTotal == 0 ? 0 : 100.0 * (swapTotal - (reading.Memory("SwapFree") ?? 0)) / swapTotal)
            : ((long Total, double Used)?)null;

        var findings = new List<CheckResult>
        {
            cpu is { } percent
                ? Judge("cpu", host, $"CPU use is {Percent(percent)} of {Number(cores)} cores", percent, "%", thresholds.Cpu, 100)
                : Unknown("cpu", host, failure ?? "The kernel's counters did not move."),
        };
        if (load.Length == 3 && cores > 0)
        {
            findings.Add(Judge("load", host, $"load of the last 5 minutes is {Number(load[1])} on {Number(cores)} cores", load[1] / cores, string.Empty, thresholds.Load));
        }

        findings.Add(memory is { } ram
            ? Judge("memory", host, $"memory is {Percent(ram.UsedPercent)} used of {ByteSize.Format(ram.Total)}", ram.UsedPercent, "%", thresholds.Memory, 100)
            : Unknown("memory", host, "The kernel does not tell how much memory there is."));
        if (swap is { Total: > 0 } used)
        {
            findings.Add(Judge("swap", host, $"swap is {Percent(used.Used)} used of {ByteSize.Format(used.Total)}", used.Used, "%", thresholds.Swap, 100));
        }

        findings.Add(oomFinding);
        findings.AddRange(mountFindings);
        var worst = HealthStatuses.Worst(findings.Select(finding => finding.Status));
        return new HostHealth
        {
            Status = worst,
            Host = host.Name,
            Message = worst == HealthStatus.Healthy
                ? Summary(cpu, memory?.UsedPercent, mountHealth)
                : string.Join("; ", findings.Where(finding => finding.Status == worst).Select(finding => finding.Message)),
            CpuPercent = cpu,
            Cores = cores,
            Load1 = load.Length == 3 ? load[0] : null,
            Load5 = load.Length == 3 ? load[1] : null,
            Load15 = load.Length == 3 ? load[2] : null,
            MemoryTotalBytes = memory?.Total,
            MemoryAvailableBytes = memory?.Available,
            MemoryUsedPercent = memory?.UsedPercent,
            SwapTotalBytes = swap?.Total,
            SwapUsedPercent = swap is null ? null : Math.Round(swap.Value.Used, 1),
            Uptime = uptime,
            BootTime = uptime is null ? null : before.Time - uptime,
            OomKills = oomKills,
            OomKillsLastDay = oomLastDay,
            Mounts = mountHealth,
            Findings = findings,
        };
    }

    private static async Task<(HostReading? Reading, string? Failure)> TryReadAsync(IHost host, CancellationToken cancellationToken)
    {
        try
        {
            return (await HostReading.ReadAsync(host, cancellationToken), null);
        }
        catch (OpsException error)
        {
            return (null, error.Message);
        }
    }

    // The kernel tells a container the uptime of the machine.
    private static async Task<TimeSpan?> UptimeAsync(IHost host, HostReading reading, CancellationToken cancellationToken)
    {
        if (host is not ContainerHost container)
        {
            return reading.Uptime;
        }

        try
        {
            return (await container.InspectAsync(cancellationToken)).StartedAt is { } started ? reading.Time - started : null;
        }
        catch (OpsException)
        {
            return null;
        }
    }

    private static double? CpuPercent(HostReading before, HostReading after, bool container, double cores)
    {
        if (container && before.ContainerCpuTime is { } first && after.ContainerCpuTime is { } second && cores > 0)
        {
            return Bounded(100 * (second - first) / ((after.Time - before.Time) * cores));
        }

        var total = after.CpuTicks.Total - before.CpuTicks.Total;
        return total <= 0 ? null : Bounded(100 * (1 - ((after.CpuTicks.Idle - before.CpuTicks.Idle) / total)));
    }

    private static double Bounded(double percent) => Math.Round(Math.Clamp(percent, 0, 100), 1);

    private static (long Total, long Available, double UsedPercent)? Memory(HostReading reading, bool container)
    {
        if (reading.Memory("MemTotal") is not { } total || total <= 0)
        {
            return null;
        }

        if (container && reading.MemoryLimit is { } limit && limit < total && reading.ContainerMemory is { } used)
        {
            return (limit, Math.Max(0, limit - used), Bounded(100.0 * used / limit));
        }

        // Kernels before 3.14 do not estimate it themselves.
        var available = reading.Memory("MemAvailable")
            ?? (reading.Memory("MemFree") ?? 0) + (reading.Memory("Buffers") ?? 0) + (reading.Memory("Cached") ?? 0);
        return (total, available, Bounded(100.0 * (total - available) / total));
    }

    private static async Task<(long? Kills, long? LastDay, CheckResult Finding)> OomAsync(
        IHost host, HostReading reading, bool container, TimeSpan uptime, CancellationToken cancellationToken)
    {
        var kills = reading.OomKills(container);
        if (kills == 0)
        {
            return (0, 0, Finding(HealthStatus.Healthy, "no process was ended for want of memory", 0));
        }

        // A container has no kernel log, and its counter no times.
        var log = container ? null : await OomLog.ReadAsync(host, uptime, cancellationToken);
        if (log is not null)
        {
            var names = log.Victims.Count == 0 ? string.Empty : $" ({string.Join(", ", log.Victims.Take(5))})";
            var message = log.Count > 0
                ? $"the kernel ended {log.Count} processes for want of memory in the last 24 hours{names}"
                : $"no process was ended for want of memory in the last 24 hours{(kills > 0 ? $", {kills} since the start" : string.Empty)}";
            return (kills ?? log.Count, log.Count, Finding(log.Count > 0 ? HealthStatus.Warning : HealthStatus.Healthy, message, log.Count));
        }

        return kills is { } count
            ? (count, null, Finding(HealthStatus.Warning, $"the kernel ended {count} processes for want of memory since the start; its log, which says when, cannot be read", count))
            : (null, null, Unknown("oom", host, "Neither the kernel's counter nor its log can be read."));

        CheckResult Finding(HealthStatus status, string message, double value) => new()
        {
            Name = "oom",
            Status = status,
            Message = message,
            Reason = status == HealthStatus.Healthy ? null : "Host.OutOfMemory",
            Target = host.Name,
            Measurements = [new Measurement("oom_kills", value, "c", 1)],
        };
    }

    private static async Task<(IReadOnlyList<MountHealth> Mounts, IReadOnlyList<CheckResult> Findings)> MountsAsync(
        IHost host, StackThresholds thresholds, CancellationToken cancellationToken)
    {
        IReadOnlyList<HostMount> mounts;
        try
        {
            mounts = await host.GetMountsAsync(cancellationToken);
        }
        catch (OpsException error)
        {
            return ([], [Unknown("disk", host, error.Message)]);
        }

        var findings = mounts.Select(mount => JudgeMount(mount, thresholds)).ToList();
        return (mounts.Zip(findings, Describe).ToList(), findings);
    }

    private static CheckResult JudgeMount(HostMount mount, StackThresholds thresholds)
    {
        if (mount.Problem is { } problem)
        {
            return new CheckResult
            {
                Name = "disk",
                Status = HealthStatus.Unknown,
                Message = $"{mount.Path} ({mount.FileSystem}, {mount.Device}): {problem}",
                Reason = "Host.MountUnreadable",
                Target = mount.Path,
            };
        }

        var space = new Measurement(
            mount.Path, Math.Round(mount.UsedPercent, 1), "%", mount.ReadOnly ? null : thresholds.Disk.Warning, mount.ReadOnly ? null : thresholds.Disk.Critical, 0, 100);
        var inodes = mount.TotalInodes > 0
            ? new Measurement(
                mount.Path + " inodes", Math.Round(mount.UsedInodesPercent, 1), "%", mount.ReadOnly ? null : thresholds.Inodes.Warning, mount.ReadOnly ? null : thresholds.Inodes.Critical, 0, 100)
            : null;
        var status = HealthStatuses.Worst(space.Status, inodes?.Status ?? HealthStatus.Healthy);
        var full = space.Status != HealthStatus.Healthy || inodes is null || inodes.Status == HealthStatus.Healthy;
        return new CheckResult
        {
            Name = "disk",
            Status = status,
            Message = full
                ? $"{mount.Path} is {Percent(space.Value)} full, {ByteSize.Format(mount.AvailableBytes)} of {ByteSize.Format(mount.TotalBytes)} left"
                    + (inodes is { Status: not HealthStatus.Healthy } ? $", inodes {Percent(inodes.Value)} used" : string.Empty)
                : $"{mount.Path} has {Percent(inodes!.Value)} of its inodes in use, {mount.FreeInodes.ToString(CultureInfo.InvariantCulture)} left",
            Reason = status == HealthStatus.Healthy ? null : full ? "Host.DiskFull" : "Host.InodesFull",
            Target = mount.Path,
            Measurements = inodes is null ? [space] : [space, inodes],
        };
    }

    private static MountHealth Describe(HostMount mount, CheckResult finding) => new()
    {
        Status = finding.Status,
        Path = mount.Path,
        Device = mount.Device,
        FileSystem = mount.FileSystem,
        TotalBytes = mount.Problem is null ? mount.TotalBytes : null,
        AvailableBytes = mount.Problem is null ? mount.AvailableBytes : null,
        UsedPercent = mount.Problem is null ? Math.Round(mount.UsedPercent, 1) : null,
        UsedInodesPercent = mount.Problem is null && mount.TotalInodes > 0 ? Math.Round(mount.UsedInodesPercent, 1) : null,
        ReadOnly = mount.ReadOnly,
        Problem = mount.Problem,
    };

    private static CheckResult Judge(string name, IHost host, string message, double value, string unit, Threshold limits, double? maximum = null)
    {
        var measurement = new Measurement(name, Math.Round(value, 2), unit, limits.Warning, limits.Critical, 0, maximum);
        return new CheckResult
        {
            Name = name,
            Status = measurement.Status,
            Message = message,
            Reason = measurement.Status == HealthStatus.Healthy ? null : $"Host.High{char.ToUpperInvariant(name[0])}{name[1..]}",
            Target = host.Name,
            Measurements = [measurement],
        };
    }

    private static CheckResult Unknown(string name, IHost host, string why) =>
        new() { Name = name, Status = HealthStatus.Unknown, Message = $"{name}: {why}", Reason = "Host.ReadingMissing", Target = host.Name };

    private static string Summary(double? cpu, double? memory, IReadOnlyList<MountHealth> mounts)
    {
        var fullest = mounts.Where(mount => !mount.ReadOnly).MaxBy(mount => mount.UsedPercent);
        return $"CPU {Percent(cpu ?? 0)}, memory {Percent(memory ?? 0)}"
            + (fullest?.UsedPercent is { } used ? $", fullest disk {fullest.Path} {Percent(used)}" : string.Empty);
    }

    private static string Percent(double value) => value.ToString("0.#", CultureInfo.InvariantCulture) + "%";

    private static string Number(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);
}
