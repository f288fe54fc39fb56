using System.Text.Json;
using OpsRunbook.Engine.Docker;

namespace OpsRunbook.Engine.Containers;

/// <summary>
/// The figures in an answer of the engine's <c>stats</c>, computed as <c>docker stats</c> computes them. What the kernel
/// does not count is null: block I/O without its control group, networks of a container on the host's own.
/// </summary>
internal sealed record ContainerFigures(
    double? CpuPercent,
    long? MemoryBytes,
    long? MemoryLimitBytes,
    double? MemoryPercent,
    long? NetworkReceivedBytes,
    long? NetworkSentBytes,
    long? BlockReadBytes,
    long? BlockWrittenBytes,
    long? Pids,
    DateTime? ReadAt)
{
    /// <summary>Reads the answer; null when it holds no readings, because the container has just ended.</summary>
    public static ContainerFigures? Read(JsonElement stats)
    {
        var memory = DockerJson.Child(stats, "memory_stats");
        var usage = DockerJson.Number(memory, "usage");
        if (DockerJson.Moment(stats, "read") is not { } time || usage is null)
        {
            return null;
        }

        var used = WithoutCache(usage.Value, DockerJson.Child(memory, "stats"));
        var limit = DockerJson.Number(memory, "limit") is { } bytes and > 0 ? bytes : (long?)null;
        var networks = DockerJson.Child(stats, "networks") is { ValueKind: JsonValueKind.Object } list ? list.EnumerateObject().Select(network => network.Value).ToList() : null;
        var blocks = DockerJson.Items(DockerJson.Child(stats, "blkio_stats"), "io_service_bytes_recursive").ToList();
        return new ContainerFigures(
            Cpu(stats),
            used,
            limit,
            limit is null ? null : Math.Round(100.0 * used / limit.Value, 2),
            networks?.Sum(network => DockerJson.Number(network, "rx_bytes") ?? 0),
            networks?.Sum(network => DockerJson.Number(network, "tx_bytes") ?? 0),
            blocks.Count == 0 ? null : Sum(blocks, 'r'),
            blocks.Count == 0 ? null : Sum(blocks, 'w'),
            DockerJson.Number(DockerJson.Child(stats, "pids_stats"), "current"),
            time);
    }

    // Version 1 of the control groups calls it total_inactive_file, version 2 inactive_file.
    private static long WithoutCache(long usage, JsonElement details)
    {
        var cache = DockerJson.Number(details, "total_inactive_file") ?? DockerJson.Number(details, "inactive_file") ?? 0;
        return cache < usage ? usage - cache : usage;
    }

    private static double? Cpu(JsonElement stats)
    {
        var now = DockerJson.Child(stats, "cpu_stats");
        var before = DockerJson.Child(stats, "precpu_stats");
        var usage = DockerJson.Child(now, "cpu_usage");
        var cores = DockerJson.Number(now, "online_cpus") is { } online and > 0 ? online : DockerJson.Items(usage, "percpu_usage").Count();
        var system = DockerJson.Number(now, "system_cpu_usage") - DockerJson.Number(before, "system_cpu_usage");
        var own = DockerJson.Number(usage, "total_usage") - DockerJson.Number(DockerJson.Child(before, "cpu_usage"), "total_usage");
        return system is > 0 && own is >= 0 ? Math.Round(100.0 * own.Value / system.Value * cores, 2) : null;
    }

    private static long Sum(List<JsonElement> blocks, char operation) => blocks
        .Where(entry => DockerJson.Text(entry, "op") is { Length: > 0 } name && char.ToLowerInvariant(name[0]) == operation)
        .Sum(entry => DockerJson.Number(entry, "value") ?? 0);
}
