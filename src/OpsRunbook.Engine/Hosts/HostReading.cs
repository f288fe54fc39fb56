using System.Globalization;

namespace OpsRunbook.Engine.Hosts;

/// <summary>
/// Counters of a machine or container at one moment: output of <c>grep -H ''</c> over the files below,
/// which puts the file's name before each line. Only the kernel writes these files.
/// </summary>
internal sealed class HostReading
{
    private const string Cgroup2 = "/sys/fs/cgroup/";
    private const string Cgroup1Memory = "/sys/fs/cgroup/memory/";
    private const string Cgroup1Cpu = "/sys/fs/cgroup/cpu/";
    private const string Cgroup1Accounting = "/sys/fs/cgroup/cpuacct/cpuacct.usage";

    // Version 1 writes a number near the largest one for "no limit".
    private const long NoLimit = long.MaxValue / 2;

    private readonly Dictionary<string, List<string>> _lines = new(StringComparer.Ordinal);

    private HostReading(string output, DateTime time)
    {
        Time = time;
        foreach (var line in output.Split('\n'))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0)
            {
                var file = line[..colon];
                if (!_lines.TryGetValue(file, out var lines))
                {
                    _lines[file] = lines = [];
                }

                lines.Add(line[(colon + 1)..]);
            }
        }
    }

    /// <summary>The files that are read.</summary>
    public static IReadOnlyList<string> Files { get; } =
    [
        "/proc/loadavg", "/proc/uptime", "/proc/stat", "/proc/meminfo", "/proc/vmstat",
        Cgroup2 + "memory.max", Cgroup2 + "memory.current", Cgroup2 + "memory.stat", Cgroup2 + "memory.events", Cgroup2 + "cpu.max", Cgroup2 + "cpu.stat",
        Cgroup1Memory + "memory.limit_in_bytes", Cgroup1Memory + "memory.usage_in_bytes", Cgroup1Memory + "memory.stat", Cgroup1Memory + "memory.oom_control",
        Cgroup1Cpu + "cpu.cfs_quota_us", Cgroup1Cpu + "cpu.cfs_period_us", Cgroup1Accounting,
    ];

    /// <summary>When it was read, UTC.</summary>
    public DateTime Time { get; }

    /// <summary>Anything was read at all.</summary>
    public bool IsEmpty => !_lines.ContainsKey("/proc/stat");

    /// <summary>The control group that was read is a container's: the machine's own root has no limit file under version 2.</summary>
    public bool HasContainerFiles => _lines.ContainsKey(Cgroup2 + "memory.max") || CpuLimit is not null || MemoryLimit is not null;

    /// <summary>Load averages.</summary>
    public double[] Load => First("/proc/loadavg")?.Split(' ').Take(3).Select(Number).ToArray() ?? [];

    /// <summary>Time since the start of the machine.</summary>
    public TimeSpan? Uptime => First("/proc/uptime")?.Split(' ') is [var seconds, ..] ? TimeSpan.FromSeconds(Number(seconds)) : null;

    /// <summary>Cores of the machine.</summary>
    public int Cores => Lines("/proc/stat").Count(line => line.Length > 3 && line.StartsWith("cpu", StringComparison.Ordinal) && char.IsAsciiDigit(line[3]));

    /// <summary>Ticks that the machine spent on all and on nothing, since its start.</summary>
    public (double Total, double Idle) CpuTicks
    {
        get
        {
            var line = Lines("/proc/stat").FirstOrDefault(line => line.StartsWith("cpu ", StringComparison.Ordinal));

            // user nice system idle iowait irq softirq steal; guest time is part of user time.
            var ticks = line?.Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(8).Select(Number).ToArray() ?? [];
            return ticks.Length < 5 ? default : (ticks.Sum(), ticks[3] + ticks[4]);
        }
    }

    /// <summary>A container's CPU limit in cores; null for none.</summary>
    public double? CpuLimit
    {
        get
        {
            if (First(Cgroup2 + "cpu.max")?.Split(' ') is [var quota, var period] && quota != "max" && Number(period) > 0)
            {
                return Number(quota) / Number(period);
            }

            var (quota1, period1) = (First(Cgroup1Cpu + "cpu.cfs_quota_us"), First(Cgroup1Cpu + "cpu.cfs_period_us"));
            return quota1 is not null && period1 is not null && Number(quota1) > 0 && Number(period1) > 0 ? Number(quota1) / Number(period1) : null;
        }
    }

    /// <summary>CPU time of a container; null when it is not told.</summary>
    public TimeSpan? ContainerCpuTime =>
        Keyed(Cgroup2 + "cpu.stat", "usage_usec") is { } microseconds ? TimeSpan.FromMicroseconds(microseconds)
        : First(Cgroup1Accounting) is { } nanoseconds ? TimeSpan.FromMicroseconds(Number(nanoseconds) / 1000)
        : null;

    /// <summary>A container's memory limit in bytes; null for none.</summary>
    public long? MemoryLimit
    {
        get
        {
            var limit = First(Cgroup2 + "memory.max") ?? First(Cgroup1Memory + "memory.limit_in_bytes");
            return long.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) && bytes < NoLimit ? bytes : null;
        }
    }

    /// <summary>Memory of a container that cannot be given up, in bytes, as <c>docker stats</c> counts it.</summary>
    public long? ContainerMemory
    {
        get
        {
            var (used, cache) = First(Cgroup2 + "memory.current") is { } current
                ? (current, Keyed(Cgroup2 + "memory.stat", "inactive_file"))
                : (First(Cgroup1Memory + "memory.usage_in_bytes"), Keyed(Cgroup1Memory + "memory.stat", "total_inactive_file"));
            return used is null ? null : Math.Max(0, (long)Number(used) - (long)(cache ?? 0));
        }
    }

    /// <summary>A line of <c>/proc/meminfo</c> in bytes.</summary>
    /// <param name="key">Such as <c>MemTotal</c>.</param>
    /// <returns>Null when there is none.</returns>
    public long? Memory(string key)
    {
        var line = Lines("/proc/meminfo").FirstOrDefault(line => line.StartsWith(key + ":", StringComparison.Ordinal));
        return line?.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, var kilobytes, ..] ? (long)Number(kilobytes) * 1024 : null;
    }

    /// <summary>Processes that the kernel ended for want of memory.</summary>
    /// <param name="container">In this container, not on the whole machine.</param>
    /// <returns>Null when the kernel does not tell.</returns>
    public long? OomKills(bool container) => (long?)(container
        ? Keyed(Cgroup2 + "memory.events", "oom_kill") ?? Keyed(Cgroup1Memory + "memory.oom_control", "oom_kill")
        : Keyed("/proc/vmstat", "oom_kill"));

    /// <summary>Reads the counters.</summary>
    /// <param name="host">Host to read.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The counters.</returns>
    public static async Task<HostReading> ReadAsync(IHost host, CancellationToken cancellationToken)
    {
        var command = new HostCommand(["grep", "-H", "", .. Files]) { Timeout = TimeSpan.FromSeconds(5) };
        var result = await host.RunAsync(command, cancellationToken);
        var reading = new HostReading(result.StandardOutput, DateTime.UtcNow);
        return reading.IsEmpty ? throw HostErrors.NotSupported(host.Name, "CPU and memory") : reading;
    }

    /// <summary>Counters from text, for tests.</summary>
    /// <param name="output">As <c>grep -H ''</c> prints it.</param>
    /// <param name="time">When it was read.</param>
    /// <returns>The counters.</returns>
    public static HostReading Parse(string output, DateTime time) => new(output, time);

    private static double Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : 0;

    private List<string> Lines(string file) => _lines.GetValueOrDefault(file) ?? [];

    private string? First(string file) => _lines.TryGetValue(file, out var lines) ? lines[0] : null;

    private double? Keyed(string file, string key)
    {
        var line = Lines(file).FirstOrDefault(line => line.StartsWith(key + " ", StringComparison.Ordinal));
        return line is null ? null : Number(line[(key.Length + 1)..]);
    }
}
