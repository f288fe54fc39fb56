using System.Globalization;
using System.Text.RegularExpressions;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Services;

/// <summary>Units of systemd, read with one <c>systemctl show</c> for all of them.</summary>
public sealed partial class SystemdManager : IServiceManager
{
    private const string Properties =
        "Id,LoadState,LoadError,ActiveState,SubState,UnitFileState,FragmentPath,NeedDaemonReload,CanReload,Job,Type,Result,MainPID,NRestarts,"
        + "ExecMainCode,ExecMainStatus,StateChangeTimestamp,ControlGroup,MemoryCurrent,MemoryMax,CPUQuotaPerSecUSec,TriggeredBy";

    private static readonly string[] Details =
        ["LoadState", "ActiveState", "SubState", "Type", "Result", "UnitFileState", "FragmentPath", "NeedDaemonReload", "CanReload", "TriggeredBy"];

    /// <inheritdoc/>
    public ServiceManagerKind Kind => ServiceManagerKind.Systemd;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<UnitState>> GetStatesAsync(IHost host, IReadOnlyList<UnitReference> units, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(units);

        // One name that systemctl refuses would fail the question for all of them.
        var valid = units.Select(unit => unit.Name).Where(IsUnitName).Distinct(StringComparer.Ordinal).ToList();
        var shown = await ShowAsync(host, valid, cancellationToken);
        var idle = shown.Values.Where(IsIdle).SelectMany(Triggers).Distinct(StringComparer.Ordinal).Where(IsUnitName).ToList();
        var triggers = await ShowAsync(host, idle, cancellationToken);
        return units
            .Select(unit => shown.TryGetValue(unit.Name, out var properties)
                ? Judge(properties, triggers)
                : new UnitState(HealthStatus.Critical, "not a unit name", Instances: 0, Reason: "Service.NotFound"))
            .ToList();
    }

    private static async Task<Dictionary<string, Dictionary<string, string>>> ShowAsync(
        IHost host,
        List<string> units,
        CancellationToken cancellationToken)
    {
        if (units.Count == 0)
        {
            return [];
        }

        // systemctl writes times in its own zone, so it is given ours.
        var command = new HostCommand(["systemctl", "show", "--no-pager", "-p", Properties, "--", .. units])
        {
            Environment = new Dictionary<string, string> { ["TZ"] = "UTC", ["LC_ALL"] = "C" },
        };
        CommandResult result;
        try
        {
            result = await host.RunAsync(command, cancellationToken);
        }
        catch (OpsException error) when (error.Id == "Host.CommandNotFound")
        {
            throw ServiceManagers.Unavailable("systemd", host, "systemctl is not installed there.", error);
        }

        var blocks = result.StandardOutput.TrimEnd('\n').Split("\n\n");
        if (!result.Succeeded || blocks.Length != units.Count)
        {
            throw ServiceManagers.Unavailable("systemd", host, result.Summary);
        }

        return units.Zip(blocks).ToDictionary(pair => pair.First, pair => Parse(pair.Second), StringComparer.Ordinal);
    }

    private static Dictionary<string, string> Parse(string block)
    {
        var properties = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in block.Split('\n'))
        {
            var separator = line.IndexOf('=', StringComparison.Ordinal);
            if (separator > 0)
            {
                properties[line[..separator]] = line[(separator + 1)..].Trim();
            }
        }

        return properties;
    }

    private static UnitState Judge(Dictionary<string, string> unit, Dictionary<string, Dictionary<string, string>> triggers)
    {
        var (status, state, reason) = Verdict(unit, triggers);
        var pid = Number(unit, "MainPID") is { } main and > 0 ? (int?)main : null;
        var since = Moment(unit.GetValueOrDefault("StateChangeTimestamp"));
        var restarts = (int?)Number(unit, "NRestarts");
        var runs = unit.GetValueOrDefault("ActiveState") is "active" or "reloading";
        return new UnitState(status, state, pid, since, restarts, Number(unit, "MemoryCurrent"), runs ? 1 : 0, reason)
        {
            InstanceList = unit.GetValueOrDefault("LoadState") == "not-found" && !runs
                ? []
                : [new ServiceInstance(unit.GetValueOrDefault("Id", string.Empty), unit.GetValueOrDefault("Id", string.Empty), state, pid, since, restarts, ExitCode(unit))],
            IsChanging = unit.GetValueOrDefault("Job") is { Length: > 0 } job && job != "0",
            ControlGroup = unit.GetValueOrDefault("ControlGroup") is { Length: > 1 } group ? group : null,
            Limits = new UnitLimits(Number(unit, "MemoryMax"), Quota(unit.GetValueOrDefault("CPUQuotaPerSecUSec"))),
            ExitCode = ExitCode(unit),
            Detail = Details
                .Where(name => unit.GetValueOrDefault(name) is { Length: > 0 })
                .ToDictionary(name => name, name => (object?)unit[name], StringComparer.Ordinal),
        };
    }

    // ExecMainCode is that of waitid(2): 1 exited, 2 killed, 3 dumped core.
    private static int? ExitCode(Dictionary<string, string> unit) => (Number(unit, "ExecMainCode"), Number(unit, "ExecMainStatus")) switch
    {
        (1, { } status) => (int)status,
        (2 or 3, { } signal) => 128 + (int)signal,
        _ => null,
    };

    // "1.500000s", "500ms", or "infinity".
    private static double? Quota(string? text) => text is not null && Duration.TryParse(text, out var quota) && quota > TimeSpan.Zero ? quota.TotalSeconds : null;

    private static (HealthStatus Status, string State, string? Reason) Verdict(
        Dictionary<string, string> unit,
        Dictionary<string, Dictionary<string, string>> triggers)
    {
        var load = unit.GetValueOrDefault("LoadState", "loaded");
        var active = unit.GetValueOrDefault("ActiveState", string.Empty);
        var sub = unit.GetValueOrDefault("SubState", string.Empty);
        var state = $"{active} ({sub})";
        var runs = active is "active" or "reloading" or "refreshing";
        switch (load)
        {
            case "not-found" when runs:
                return (HealthStatus.Warning, state + ", but its unit file is gone", "Service.NotFound");
            case "not-found":
                return (HealthStatus.Critical, "not found", "Service.NotFound");
            case "masked" when runs:
                return (HealthStatus.Warning, state + ", but masked: it will not start again", "Service.Masked");
            case "masked":
                return (HealthStatus.Critical, "masked", "Service.Masked");
            case not ("loaded" or "merged") when !runs:
                return (HealthStatus.Critical, $"{load}: {unit.GetValueOrDefault("LoadError")}".TrimEnd(' ', ':'), "Service.Down");
        }

        return active switch
        {
            // The wrapper of a SysV script stays active when its daemon has died; a oneshot is meant to end.
            "active" when sub == "exited" && unit.GetValueOrDefault("Type") != "oneshot" =>
                (HealthStatus.Warning, state + ", no process of it runs", "Service.Unhealthy"),
            "active" or "reloading" or "refreshing" => (HealthStatus.Healthy, state, null),
            "activating" when sub.StartsWith("auto-restart", StringComparison.Ordinal) =>
                (HealthStatus.Critical, $"restarting after {Failure(unit)}", "Service.Restarting"),
            "activating" => (HealthStatus.Warning, state, "Service.Starting"),
            "failed" => (HealthStatus.Critical, $"failed ({Failure(unit)})", "Service.Down"),
            "inactive" when IsIdle(unit) && Triggers(unit).FirstOrDefault(name => IsActive(triggers, name)) is { } trigger =>
                (HealthStatus.Healthy, $"inactive, started on demand by {trigger}", null),
            _ => (HealthStatus.Critical, state, "Service.Down"),
        };
    }

    private static bool IsIdle(Dictionary<string, string> unit) =>
        unit.GetValueOrDefault("ActiveState") == "inactive"
        && unit.GetValueOrDefault("LoadState") == "loaded"
        && unit.GetValueOrDefault("Result", "success") == "success";

    private static string[] Triggers(Dictionary<string, string> unit) =>
        unit.GetValueOrDefault("TriggeredBy", string.Empty).Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static bool IsActive(Dictionary<string, Dictionary<string, string>> units, string name) =>
        units.TryGetValue(name, out var unit) && unit.GetValueOrDefault("ActiveState") == "active";

    private static string Failure(Dictionary<string, string> unit)
    {
        var result = unit.GetValueOrDefault("Result", "failure");
        return Number(unit, "ExecMainStatus") is { } status and not 0 ? $"{result}, status {status}" : result;
    }

    private static long? Number(Dictionary<string, string> unit, string property) =>
        long.TryParse(unit.GetValueOrDefault(property), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static DateTime? Moment(string? text) =>
        DateTime.TryParseExact(
            text,
            "ddd yyyy-MM-dd HH:mm:ss 'UTC'",
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
            out var moment) ? moment : null;

    private static bool IsUnitName(string name) => UnitName().IsMatch(name) && !name.Contains("@.", StringComparison.Ordinal) && !name.EndsWith('@');

    [GeneratedRegex(@"^[A-Za-z0-9:_.@\\-]{1,255}\z", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex UnitName();
}
