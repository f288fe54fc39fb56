using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Services;

/// <summary>CPU and memory of a unit's processes, from two readings of a host's processes.</summary>
/// <param name="Before">First reading.</param>
/// <param name="After">Second reading.</param>
/// <param name="Elapsed">Time between them.</param>
internal sealed record UnitUsage(IReadOnlyList<HostProcess> Before, IReadOnlyList<HostProcess> After, TimeSpan Elapsed)
{
    /// <summary>CPU use of a unit, percent of one core, and its resident memory in bytes.</summary>
    /// <param name="state">The unit.</param>
    /// <returns>Nulls when none of its processes can be seen.</returns>
    public (double? CpuPercent, long? MemoryBytes) Of(UnitState state)
    {
        var processes = ProcessesOf(state);
        if (processes.Count == 0)
        {
            return (null, null);
        }

        var earlier = Before.ToDictionary(process => process.Pid);
        var used = processes.Sum(process => earlier.TryGetValue(process.Pid, out var before) && before.StartTime == process.StartTime
            ? (process.CpuTime - before.CpuTime).TotalSeconds
            : process.CpuTime.TotalSeconds);
        return (Math.Round(100 * Math.Max(0, used) / Elapsed.TotalSeconds, 1), processes.Sum(process => process.ResidentBytes));
    }

    private List<HostProcess> ProcessesOf(UnitState state)
    {
        var pids = state.InstanceList.Select(instance => instance.Pid).OfType<int>().ToHashSet();
        if (state.Pid is { } main)
        {
            pids.Add(main);
        }

        // A control group holds all that a unit or container has started; a private cgroup namespace shows only "/".
        var groups = After.Where(process => pids.Contains(process.Pid)).Select(process => process.ControlGroup);
        var own = new[] { state.ControlGroup }.OfType<string>().Concat(state.ControlGroup is null && IsContainer(state) ? groups : []).Where(group => group.Length > 1).ToHashSet(StringComparer.Ordinal);
        if (own.Count > 0 && After.Where(process => own.Any(group => IsIn(process.ControlGroup, group))).ToList() is { Count: > 0 } members)
        {
            return members;
        }

        // Parents come before their children only by chance, so until nothing is added any more.
        for (var count = -1; count != pids.Count;)
        {
            count = pids.Count;
            pids.UnionWith(After.Where(process => pids.Contains(process.ParentPid)).Select(process => process.Pid));
        }

        return After.Where(process => pids.Contains(process.Pid)).ToList();
    }

    private static bool IsContainer(UnitState state) => state.Detail.ContainsKey("ImageId");

    private static bool IsIn(string group, string parent) =>
        group == parent || (group.Length > parent.Length && group.StartsWith(parent, StringComparison.Ordinal) && group[parent.Length] == '/');
}
