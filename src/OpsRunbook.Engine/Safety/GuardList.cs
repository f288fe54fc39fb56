using OpsRunbook.Engine.Backups;
using OpsRunbook.Engine.Health;
using OpsRunbook.Engine.Maintenance;
using OpsRunbook.Engine.Services;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Engine.State;

namespace OpsRunbook.Engine.Safety;

/// <summary>Looks how the guards of a stack stand now.</summary>
/// <param name="session">The stack in use.</param>
/// <param name="progress">Takes progress.</param>
/// <param name="time">Tells the time; null for the system's.</param>
public sealed class GuardList(StackSession session, IOperationOutput progress, TimeProvider? time = null)
{
    private readonly OpsStack _stack = session.Stack;

    private DateTime Now => (time ?? TimeProvider.System).GetUtcNow().UtcDateTime;

    /// <summary>The guards with their present state, by name; a line for each member where they differ by member.</summary>
    /// <param name="names">Names, with wildcards; none for all.</param>
    /// <param name="cancellationToken">Ends the looking.</param>
    /// <returns>The guards.</returns>
    public async Task<IReadOnlyList<OpsGuard>> ReadAsync(NameFilter names, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(names);
        var found = new List<OpsGuard>();
        foreach (var guard in Guards.All.Where(guard => names.Includes(guard.Name)))
        {
            progress.Progress("Looking at guards", guard.Name, null);
            foreach (var (status, target, message) in await StateAsync(guard.Name, cancellationToken))
            {
                found.Add(new OpsGuard
                {
                    Status = status,
                    Name = guard.Name,
                    Target = target,
                    Message = message,
                    Protects = guard.Protects,
                    Commands = guard.Commands,
                    CanBeForced = guard.CanBeForced,
                    Stack = _stack.Name,
                });
            }
        }

        return found;
    }

    private static List<(HealthStatus Status, string Target, string Message)> One(HealthStatus status, string message) => [(status, string.Empty, message)];

    private async Task<List<(HealthStatus Status, string Target, string Message)>> StateAsync(string guard, CancellationToken cancellationToken)
    {
        try
        {
            return guard switch
            {
                "Backup" => await BackupsAsync(cancellationToken),
                "Drain" => Drains(),
                "Freeze" => Freeze(),
                "Health" => await HealthAsync(cancellationToken),
                "Journal" => await JournalAsync(cancellationToken),
                "OpenWindow" => await WindowAsync(cancellationToken),
                "ProtectedKey" => ProtectedKeys(),
                "SmokeTest" => One(HealthStatus.Healthy, _stack.Maintenance?.SmokeTests.Count > 0 ? $"made at the end of a window: {_stack.Maintenance.SmokeTests.Count}" : "the stack has no smoke tests"),
                "State" => await StateAsync(cancellationToken),
                "WindowTime" => await DueAsync(cancellationToken),
                _ => One(HealthStatus.Healthy, "asked about what a command is given"),
            };
        }
        catch (OpsException error)
        {
            return One(HealthStatus.Unknown, error.Message);
        }
    }

    private async Task<List<(HealthStatus Status, string Target, string Message)>> BackupsAsync(CancellationToken cancellationToken)
    {
        if (_stack.Backups.Count == 0)
        {
            return One(HealthStatus.Healthy, "the stack defines no backup");
        }

        var found = new List<(HealthStatus Status, string Target, string Message)>();
        foreach (var member in BackupMember.Select(session, [], null, progress))
        {
            var cause = await BackupGuard.CauseAsync(member, cancellationToken);
            found.Add((cause is null ? HealthStatus.Healthy : HealthStatus.Warning, member.Name, cause ?? "a set that was restored as a test is there, and not too old"));
        }

        return found;
    }

    private List<(HealthStatus Status, string Target, string Message)> Drains() =>
        [.. _stack.Services.Where(service => service.Value.Manager is not null).Select(service => ServiceDrain.For(session, ServiceTargets.Get(_stack, service.Key)) is { } drain
            ? (HealthStatus.Healthy, service.Key, $"drained before a stop: {drain.Describe()}")
            : (HealthStatus.Healthy, service.Key, "no drain is defined: it is stopped while it serves"))];

    private List<(HealthStatus Status, string Target, string Message)> Freeze()
    {
        var now = Now;
        var times = _stack.Maintenance?.Freeze ?? [];
        if (times.Find(freeze => freeze.From <= now && now < freeze.Until) is { } present)
        {
            return One(HealthStatus.Warning, $"no maintenance may begin until {present.Until:yyyy-MM-dd HH:mm} UTC{(present.Reason is { } reason ? $": {reason}" : string.Empty)}");
        }

        return One(HealthStatus.Healthy, times.Where(freeze => freeze.From > now).MinBy(freeze => freeze.From) is { } next
            ? $"maintenance may begin; the next freeze begins {next.From:yyyy-MM-dd HH:mm} UTC"
            : "maintenance may begin; no freeze is to come");
    }

    private async Task<List<(HealthStatus Status, string Target, string Message)>> HealthAsync(CancellationToken cancellationToken)
    {
        var bad = (await HealthReading.ReadAsync(session, new HealthRequest(), progress, cancellationToken)).Where(HealthReading.IsBad).ToList();
        return bad.Count == 0 ? One(HealthStatus.Healthy, "the stack is well") : [.. bad.Select(member => (HealthStatus.Warning, member.Name, $"{member.Status}: {member.Message}"))];
    }

    // A lock is the least that can be written, and it leaves nothing behind.
    private async Task<List<(HealthStatus Status, string Target, string Message)>> JournalAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var probe = await session.State.LockAsync($"guard/{Environment.MachineName}/{Environment.ProcessId}", "Get-OpsGuard", cancellationToken);
            return One(HealthStatus.Healthy, $"{session.State.Location} can be written");
        }
        catch (OpsException error)
        {
            return One(HealthStatus.Warning, error.Message);
        }
    }

    private async Task<List<(HealthStatus Status, string Target, string Message)>> WindowAsync(CancellationToken cancellationToken)
    {
        var open = await new WindowList(session, time).ReadAsync([], everything: false, until: null, cancellationToken);
        return open.LastOrDefault(window => window.State != MaintenanceWindowState.Planned) is { } window
            ? [(HealthStatus.Warning, window.Id, $"'{window.Title}' of {window.User} on {window.Machine}: {window.Message}")]
            : One(HealthStatus.Healthy, "no maintenance window is open");
    }

    private async Task<List<(HealthStatus Status, string Target, string Message)>> StateAsync(CancellationToken cancellationToken)
    {
        var open = await OpenWork.ReadAsync(session.State, _stack.Name, cancellationToken);
        return One(HealthStatus.Healthy, (open.Incident, open.Window) switch
        {
            (null, null) => "no incident and no maintenance window is open",
            ({ } incident, null) => $"changes belong to the incident {incident}",
            (null, { } window) => $"changes belong to the maintenance window {window}",
            var (incident, window) => $"changes belong to the incident {incident} and the maintenance window {window}",
        });
    }

    private async Task<List<(HealthStatus Status, string Target, string Message)>> DueAsync(CancellationToken cancellationToken)
    {
        var planned = (await new WindowList(session, time).ReadAsync([], everything: false, until: null, cancellationToken)).Where(window => window.State == MaintenanceWindowState.Planned).ToList();
        return planned.Count == 0
            ? One(HealthStatus.Healthy, "no maintenance window is planned")
            : [.. planned.Select(window => (window.Begin <= Now && Now < window.End ? HealthStatus.Healthy : HealthStatus.Warning, window.Id, $"'{window.Title}': {window.Message}"))];
    }

    private List<(HealthStatus Status, string Target, string Message)> ProtectedKeys() => _stack.Caches.Count == 0
        ? One(HealthStatus.Healthy, "the stack has no cache")
        : [.. _stack.Caches.Select(cache => (HealthStatus.Healthy, cache.Key, cache.Value.Protect.Count > 0 ? $"protected: {string.Join(", ", cache.Value.Protect)}" : "the stack protects no key of it"))];
}
