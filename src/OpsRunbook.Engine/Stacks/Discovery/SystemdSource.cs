using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Stacks;

/// <summary>A service unit of systemd.</summary>
/// <param name="Name">Without <c>.service</c>.</param>
/// <param name="Running">It is active.</param>
/// <param name="Failed">It failed.</param>
/// <param name="Local">Its file was written on this machine, not by a package.</param>
internal sealed record SystemdUnit(string Name, bool Running, bool Failed, bool Local);

/// <summary>Reads systemd's service units.</summary>
internal static class SystemdSource
{
    private const string Suffix = ".service";

    public static async Task<IReadOnlyList<SystemdUnit>> ReadAsync(IHost host, CancellationToken cancellationToken)
    {
        var command = new HostCommand(
            "systemctl", "show", "--no-pager", "--property=Id,LoadState,ActiveState,SubState,FragmentPath", "--", "*.service");
        var result = await host.RunAsync(command, cancellationToken);
        return result.Succeeded ? Parse(result.StandardOutput) : throw new OpsException(
            "Service.ManagerUnavailable",
            OpsErrorKind.OperationFailed,
            $"systemctl on {host.Name} says: {result.Summary}",
            "Check that systemd runs there.",
            host.Name);
    }

    /// <summary>Reads what <c>systemctl show</c> prints: blocks of <c>Key=value</c> with an empty line between them.</summary>
    /// <param name="text">The output.</param>
    /// <returns>The units.</returns>
    public static IReadOnlyList<SystemdUnit> Parse(string text) => text
        .Split("\n\n", StringSplitOptions.RemoveEmptyEntries)
        .Select(block => block.Split('\n')
            .Select(line => line.Split('=', 2))
            .Where(pair => pair.Length == 2)
            .GroupBy(pair => pair[0], StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.First()[1], StringComparer.Ordinal))
        .Where(unit => unit.GetValueOrDefault("LoadState") == "loaded" && unit.GetValueOrDefault("Id")?.EndsWith(Suffix, StringComparison.Ordinal) == true)
        .Select(unit => new SystemdUnit(
            unit["Id"][..^Suffix.Length],
            unit.GetValueOrDefault("ActiveState") == "active" && unit.GetValueOrDefault("SubState") == "running",
            unit.GetValueOrDefault("ActiveState") == "failed",
            unit.GetValueOrDefault("FragmentPath") is { } path
                && (path.StartsWith("/etc/systemd/system/", StringComparison.Ordinal) || path.StartsWith("/usr/local/", StringComparison.Ordinal))))
        .OrderBy(unit => unit.Name, StringComparer.Ordinal)
        .ToList();
}
