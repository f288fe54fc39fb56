using System.Text.Json;
using OpsRunbook.Engine.Docker;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Logs.Files;
using OpsRunbook.Engine.Logs.Sources;
using OpsRunbook.Engine.Services;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Disks.Rotation;

/// <summary>Finds out which logs of a stack nothing keeps from growing.</summary>
/// <param name="session">The stack in use.</param>
/// <param name="names">Picks entries of the stack's logs, and members.</param>
/// <param name="configFile">Configuration of logrotate; null for the tool's own.</param>
/// <param name="output">Takes the results, and an error for each log that cannot be looked at.</param>
public sealed class LogRotationTester(StackSession session, NameFilter names, string? configFile, IOperationOutput output)
{
    private const string DaemonFile = "/etc/docker/daemon.json";
    private const int LargestConfiguration = 1 << 20;

    private bool _isPartial;

    /// <summary>Looks at the logs on one host.</summary>
    /// <param name="host">The host.</param>
    /// <param name="cancellationToken">Ends the look.</param>
    /// <returns>A task that ends with the last log.</returns>
    /// <exception cref="OpsException">The host cannot be asked.</exception>
    public async Task RunAsync(IHost host, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        await AttemptAsync(() => FilesAsync(host, cancellationToken));
        await AttemptAsync(() => ContainersAsync(host, cancellationToken));
    }

    /// <summary>Says which names picked nothing on the hosts that were looked at, unless one could not be: they may be there.</summary>
    public void ReportUnused()
    {
        foreach (var error in _isPartial ? [] : names.Unused("LogRotation.LogUnknown", "log or member of the stack"))
        {
            output.Error(error);
        }
    }

    private async Task AttemptAsync(Func<Task> look)
    {
        try
        {
            await look();
        }
        catch (OpsException error)
        {
            _isPartial = true;
            output.Error(error);
        }
    }

    private async Task FilesAsync(IHost host, CancellationToken cancellationToken)
    {
        var entries = await EntriesAsync(host, cancellationToken);
        if (entries.Count == 0)
        {
            return;
        }

        LogrotateReport? report = null;
        try
        {
            var main = configFile ?? LogrotateReport.MainFile;
            report = await LogrotateReport.ReadAsync(host, [main], cancellationToken);
            var others = entries.Select(entry => entry.Rotation?.Config).OfType<string>().Where(file => file.StartsWith('/') && !report.HasRead(file)).Distinct(StringComparer.Ordinal).ToList();
            var present = new List<string>();
            foreach (var file in others)
            {
                present.AddRange(await host.FindFilesAsync(file, cancellationToken));
            }

            report = present.Count == 0 ? report : await LogrotateReport.ReadAsync(host, [main, .. present], cancellationToken);
        }
        catch (OpsException error) when (error.Id == "LogRotation.NotInstalled")
        {
            output.Error(error);
        }

        foreach (var entry in entries.DistinctBy(entry => entry.Log))
        {
            await output.WriteAsync(Judge(host, entry, report), cancellationToken);
        }
    }

    private static LogRotation Judge(IHost host, Entry entry, LogrotateReport? report)
    {
        var rule = report?.Find(entry.Log);
        var complaint = report?.Complaint(entry.Rotation?.Config, entry.Log);
        var wish = entry.Rotation;
        var (status, message) = (rule, complaint) switch
        {
            (_, { } words) => (HealthStatus.Critical, $"logrotate refuses its rule: {words}"),
            (null, _) when entry.By is { } other => (HealthStatus.Healthy, $"{other} rotates it"),
            (null, _) => (HealthStatus.Warning, report is null ? "nothing rotates it: there is no logrotate" : "no rule covers it"),
            ({ } found, _) when wish is { Every: { } every } && every != found.Every => (HealthStatus.Warning, $"the stack wants it {every}, the rule is {found.Schedule}"),
            ({ } found, _) when wish is { Count: { } count } && count != found.Count => (HealthStatus.Warning, $"the stack wants {count} kept, the rule is {found.Schedule}"),
            _ => (HealthStatus.Healthy, entry.Exists ? "a rule covers it" : "a rule covers it; there is no file yet"),
        };
        return new LogRotation
        {
            Status = status,
            Log = entry.Log,
            Name = entry.Name,
            Host = host.Name,
            By = rule is not null ? "logrotate" : entry.By ?? string.Empty,
            Schedule = rule?.Schedule ?? string.Empty,
            Rule = rule is null ? null : wish?.Config,
            SizeBytes = entry.Size,
            Message = message,
        };
    }

    private async Task<IReadOnlyList<Entry>> EntriesAsync(IHost host, CancellationToken cancellationToken)
    {
        var stack = session.Stack;
        var found = new List<Entry>();
        foreach (var (name, log) in stack.Logs.Where(log => IsOn(log.Value.Host, host) && log.Value.Rotation?.By != "docker" && names.Includes([log.Key, .. log.Value.Members])))
        {
            await AddAsync(name, log.Files, log.Rotation, null);
        }

        IEnumerable<(string Name, string? Host, List<string> Logs)> members =
        [
            .. stack.Services.Select(member => (member.Key, member.Value.Host, member.Value.Logs)), .. stack.Databases.Select(member => (member.Key, member.Value.Host, member.Value.Logs)),
            .. stack.Caches.Select(member => (member.Key, member.Value.Host, member.Value.Logs)), .. stack.WebServers.Select(member => (member.Key, member.Value.Host, member.Value.Logs)),
        ];
        foreach (var (name, _, logs) in members.Where(member => IsOn(member.Host, host) && names.Includes([member.Name])))
        {
            await AddAsync(name, logs, null, null);
        }

        foreach (var target in ServiceTargets.Of(stack).Where(target => target.Manager == ServiceManagerKind.Pm2 && target.Host == host.Name && names.Includes([target.Name])))
        {
            var logs = await Pm2Logs.FindAsync(host, target.Unit, output, cancellationToken);
            await AddAsync(target.Name, logs, null, await Pm2Logs.HasRotationAsync(host, target.Unit, cancellationToken) ? "pm2-logrotate" : null);
        }

        return found;

        async Task AddAsync(string name, IEnumerable<string> paths, StackLogRotation? rotation, string? by)
        {
            foreach (var path in paths.Where(path => path.StartsWith('/')))
            {
                var files = (await HostFileSet.FindAsync(host, [path], SilentOutput.Instance, cancellationToken)).Where(file => RotatedLogs.LogOf(Path.GetFileName(file)) is null).ToList();
                var sizes = await SizesAsync(host, files, cancellationToken);
                found.AddRange(files.Count > 0
                    ? files.Select(file => new Entry(name, file, rotation, by, true, sizes.GetValueOrDefault(file)))
                    : [new Entry(name, path.EndsWith('/') ? path + "*" : path, rotation, by, false, null)]);
            }
        }
    }

    private static async Task<IReadOnlyDictionary<string, long?>> SizesAsync(IHost host, List<string> files, CancellationToken cancellationToken)
    {
        var sizes = new Dictionary<string, long?>(StringComparer.Ordinal);
        if (files.Count > 0)
        {
            var result = await host.RunAsync(new HostCommand(["stat", "-L", "-c", "%s %n", "--", .. files]), cancellationToken);
            foreach (var line in result.StandardOutput.Split('\n'))
            {
                if (line.Split(' ', 2) is [var size, var file] && long.TryParse(size, out var bytes))
                {
                    sizes[file] = bytes;
                }
            }
        }

        return sizes;
    }

    private async Task ContainersAsync(IHost host, CancellationToken cancellationToken)
    {
        var stack = session.Stack;
        var targets = ServiceTargets.Of(stack)
            .Where(target => target.Host == host.Name && target.Manager is ServiceManagerKind.Compose or ServiceManagerKind.Docker && names.Includes([target.Name]))
            .ToList();
        if (targets.Count == 0)
        {
            return;
        }

        var file = stack.Logs.Values.FirstOrDefault(log => log.Rotation is { By: "docker", Config: not null } && IsOn(log.Host, host))?.Rotation!.Config ?? DaemonFile;
        var daemon = ContainerLogLimits.OfDaemon(await host.ReadFileAsync(file, LargestConfiguration, cancellationToken), file);
        var changed = await ChangedAsync(host, file, cancellationToken);
        using var docker = DockerClient.Of(host, stack);
        foreach (var target in targets)
        {
            var state = await ServiceManagers.Get(target.Manager).GetStateAsync(host, target.Unit, cancellationToken);
            foreach (var instance in state.InstanceList)
            {
                using var json = await docker.GetJsonAsync($"containers/{instance.Id}/json", cancellationToken, instance.Name);
                var limits = ContainerLogLimits.OfContainer(json.RootElement);
                var isOlder = DockerJson.Moment(json.RootElement, "Created") < changed;
                await output.WriteAsync(Judge(host, target.Name, instance.Name, limits, isOlder, daemon, file), cancellationToken);
            }
        }
    }

    private static async Task<DateTime?> ChangedAsync(IHost host, string file, CancellationToken cancellationToken)
    {
        var result = await host.RunAsync(new HostCommand("stat", "-L", "-c", "%Y", "--", file), cancellationToken);
        return long.TryParse(result.StandardOutput.Trim(), out var seconds) ? DateTime.UnixEpoch.AddSeconds(seconds) : null;
    }

    // The engine gives its limits to a container when it is made, and nothing tells them from limits that were chosen for the container.
    private static LogRotation Judge(IHost host, string member, string container, ContainerLogLimits limits, bool isOlder, ContainerLogLimits daemon, string file)
    {
        var (status, message) = limits switch
        {
            { IsFile: false } => (HealthStatus.Healthy, $"its output goes to {limits.Driver}"),
            { MaximumSize: null } when daemon is { IsFile: true, MaximumSize: not null } =>
                (HealthStatus.Warning, $"no limit: it was made before those of {file} ({daemon.Words}), which hold for new containers only. Make it anew"),
            { MaximumSize: null } => (HealthStatus.Warning, $"no limit: set log-opts in {file} or in the compose file, then make it anew"),
            _ when isOlder && daemon is { IsFile: true, MaximumSize: not null } && limits.Words != daemon.Words =>
                (HealthStatus.Warning, $"its limits are older than those of {file} ({daemon.Words}). Make it anew, unless they were chosen for it"),
            _ => (HealthStatus.Healthy, "its limits are in force"),
        };
        return new LogRotation
        {
            Status = status,
            Log = container,
            Name = member,
            Host = host.Name,
            By = limits.IsFile && limits.MaximumSize is null ? string.Empty : limits.IsFile ? "docker" : limits.Driver,
            Schedule = limits is { IsFile: true, MaximumSize: not null } ? limits.Words : string.Empty,
            Rule = limits.IsFile ? file : null,
            Message = message,
        };
    }

    private static bool IsOn(string? name, IHost host) => (name ?? LocalHost.LocalName) == host.Name;

    /// <summary>A log with what is known of it beside its rule.</summary>
    private sealed record Entry(string Name, string Log, StackLogRotation? Rotation, string? By, bool Exists, long? Size);
}
