using System.Diagnostics;
using OpsRunbook.Engine.Safety;

namespace OpsRunbook.Engine.Hosts;

/// <summary>Finds the processes that use most of a host.</summary>
public static class ProcessInspector
{
    /// <summary>How long CPU use is measured unless the caller says otherwise.</summary>
    public static readonly TimeSpan DefaultSample = TimeSpan.FromSeconds(1);

    /// <summary>The processes that use most.</summary>
    /// <param name="host">Host to look at.</param>
    /// <param name="order">What counts.</param>
    /// <param name="count">How many.</param>
    /// <param name="sample">How long CPU use is measured.</param>
    /// <param name="cancellationToken">Ends the measuring.</param>
    /// <returns>The processes, the largest user first.</returns>
    public static async Task<IReadOnlyList<ProcessUsage>> GetTopAsync(
        IHost host, ProcessOrder order, int count, TimeSpan sample, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        var clock = Stopwatch.StartNew();
        var before = (await host.GetProcessesAsync(cancellationToken)).ToDictionary(process => process.Pid);
        var firstRead = clock.Elapsed;
        await Task.Delay(sample, cancellationToken);
        var after = await host.GetProcessesAsync(cancellationToken);

        // Reading takes time too, on a busy host as long as the sample itself: each process was read about
        // as long after the first reading as the readings began apart.
        var elapsed = clock.Elapsed - (firstRead / 2) - ((clock.Elapsed - firstRead - sample) / 2);
        var owners = await ServiceOwners.CreateAsync(host, after, cancellationToken);
        var memory = await MemoryAsync(host, cancellationToken);
        var measured = after.Select(process => (Process: process, Cpu: Cpu(process))).ToList();
        var top = order == ProcessOrder.Memory
            ? measured.OrderByDescending(entry => entry.Process.ResidentBytes).ThenByDescending(entry => entry.Cpu ?? 0)
            : measured.OrderByDescending(entry => entry.Cpu ?? 0).ThenByDescending(entry => entry.Process.CpuTime);
        var usages = new List<ProcessUsage>();
        foreach (var (process, cpu) in top.Take(count))
        {
            var owner = await owners.FindAsync(process.Pid, cancellationToken);
            usages.Add(new ProcessUsage
            {
                Host = host.Name,
                Pid = process.Pid,
                Name = process.Name,
                User = process.User,
                CpuPercent = cpu,
                CpuTime = process.CpuTime,
                MemoryBytes = process.ResidentBytes,
                MemoryPercent = memory is > 0 ? Math.Round(100.0 * process.ResidentBytes / memory.Value, 1) : null,
                StartTime = process.StartTime,
                Service = owner?.Display,
                Manager = owner?.Manager,
                Command = process.CommandLine.Count > 0 ? CommandRedactor.Redact(process.CommandLine) : $"[{process.Name}]",
            });
        }

        return usages;

        // The kernel counts in hundredths of a second, so a short sample is coarse; the start time tells a
        // process from an earlier one with the same id.
        double? Cpu(HostProcess process) =>
            before.TryGetValue(process.Pid, out var earlier) && (earlier.StartTime - process.StartTime).Duration() < TimeSpan.FromSeconds(2)
                ? Math.Round(Math.Max(0, 100 * (process.CpuTime - earlier.CpuTime) / elapsed), 1)
                : null;
    }

    private static async Task<long?> MemoryAsync(IHost host, CancellationToken cancellationToken)
    {
        try
        {
            var reading = await HostReading.ReadAsync(host, cancellationToken);
            var total = reading.Memory("MemTotal");
            return reading.MemoryLimit is { } limit && limit < total ? limit : total;
        }
        catch (OpsException)
        {
            return null;
        }
    }
}
