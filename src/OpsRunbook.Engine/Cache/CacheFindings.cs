using System.Globalization;

namespace OpsRunbook.Engine.Cache;

/// <summary>What is judged alike in a server's status and in its health.</summary>
internal static class CacheFindings
{
    /// <summary>A server that loads its data answers nothing else.</summary>
    /// <param name="info">What the server says about its persistence.</param>
    /// <returns>The finding; null when it does not load.</returns>
    public static CheckResult? Loading(RedisInfo info) => info.Number("loading") != 1 ? null : new()
    {
        Name = "loading",
        Status = HealthStatus.Critical,
        Message = $"It is loading its data ({info.Text("loading_loaded_perc") ?? "?"}% so far) and answers no commands yet.",
        Reason = "Cache.Loading",
    };

    /// <summary>
    /// Memory against its limit. Without <c>maxmemory</c> that is the machine's memory: Redis' default and no fault in itself, so it is said
    /// and not warned of, unless somebody has set an eviction policy and relies on what never happens.
    /// </summary>
    /// <param name="info">What the server says about its memory.</param>
    /// <param name="limits">Percent of the maximum.</param>
    /// <returns>The finding; null when the server does not say how much it uses.</returns>
    public static CheckResult? Memory(RedisInfo info, Threshold limits)
    {
        if (info.Number("used_memory") is not { } used)
        {
            return null;
        }

        var policy = info.Text("maxmemory_policy") ?? EvictionPolicy.None;
        return info.Number("maxmemory") is > 0 and var maximum ? Limited(used, maximum, policy, limits) : Unlimited(used, info.Number("total_system_memory"), policy, limits);
    }

    private static CheckResult Limited(long used, long maximum, string policy, Threshold limits)
    {
        var memory = Reading(used, maximum, limits);
        var message = $"{Percent(used, maximum)} of {ByteSize.Format(maximum)} in use ({policy}).";
        return used >= maximum && policy == EvictionPolicy.None
            ? Result(HealthStatus.Critical, $"{message} The limit is reached and nothing is evicted: the server refuses writes.", "Cache.OutOfMemory", memory)
            : Result(memory.Status, message, memory.Status == HealthStatus.Healthy ? null : "Cache.MemoryHigh", memory);
    }

    private static CheckResult Unlimited(long used, long? machine, string policy, Threshold limits)
    {
        var memory = machine is > 0 and var all ? Reading(used, all, limits) : new Measurement("memory", used, "B", Minimum: 0);
        var share = machine is > 0 and var whole ? $", {Percent(used, whole)} of the machine's {ByteSize.Format(whole)}" : string.Empty;
        var message = $"{ByteSize.Format(used)} in use, and maxmemory is 0: there is no limit but the machine's memory{share}.";
        if (memory.Status != HealthStatus.Healthy)
        {
            return Result(memory.Status, message, "Cache.MemoryHigh", memory);
        }

        return policy == EvictionPolicy.None
            ? Result(HealthStatus.Healthy, message, null, memory)
            : Result(HealthStatus.Warning, $"{message} The policy '{policy}' never comes into play.", "Cache.NoMemoryLimit", memory);
    }

    private static Measurement Reading(long used, long maximum, Threshold limits) =>
        new("memory", used, "B", limits.Warning * maximum / 100, limits.Critical * maximum / 100, 0, maximum);

    private static string Percent(long used, long maximum) => (100.0 * used / maximum).ToString("0.#", CultureInfo.InvariantCulture) + "%";

    private static CheckResult Result(HealthStatus status, string message, string? reason, Measurement memory) =>
        new() { Name = "memory", Status = status, Message = message, Reason = reason, Measurements = [memory] };
}
