using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Logs.Files;
using OpsRunbook.Engine.Services;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Logs.Sources;

/// <summary>Finds the logs of one member: those that its manager keeps, and those that the stack names.</summary>
/// <param name="session">The stack in use.</param>
/// <param name="output">Takes an error for each log that cannot be found.</param>
internal sealed class MemberLogs(StackSession session, IOperationOutput output)
{
    /// <summary>The logs of a member.</summary>
    /// <param name="member">The member.</param>
    /// <param name="named">What the stack file gives under <c>logs</c>: files and patterns, or a LogQL selector in braces.</param>
    /// <param name="since">Beginning of the time range, UTC: rotated files that reach into it belong to the logs; null for none.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <returns>The sources.</returns>
    /// <exception cref="OpsException">The manager or the host cannot be asked.</exception>
    public async Task<List<ILogSource>> FindAsync(StackMember member, IReadOnlyList<string> named, DateTime? since, CancellationToken cancellationToken)
    {
        var sources = new List<ILogSource>();
        var files = named.Where(name => !IsSelector(name)).ToList();
        var host = session.Host(member.Host);
        foreach (var selector in named.Where(IsSelector))
        {
            sources.Add(Loki.LokiSource.Of(session, selector, member.Name));
        }

        if (ServiceTargets.Of(session.Stack).FirstOrDefault(target => target.Name == member.Name && target.Kind == member.Kind) is { } target)
        {
            switch (target.Manager)
            {
                case ServiceManagerKind.Systemd:
                    sources.Add(JournalSource.OfUnit(host, target.Unit.Name, member.Name));
                    break;
                case ServiceManagerKind.Pm2:
                    files.AddRange(await Pm2Logs.FindAsync(host, target.Unit, output, cancellationToken));
                    break;
                case ServiceManagerKind.Compose or ServiceManagerKind.Docker:
                    sources.AddRange(await ContainersAsync(host, target, cancellationToken));
                    break;
                default:
                    break;
            }
        }

        sources.AddRange(await FilesAsync(host, files, member.Name, since, cancellationToken));
        return sources;
    }

    private static bool IsSelector(string name) => name.StartsWith('{');

    private async Task<IEnumerable<ILogSource>> FilesAsync(IHost host, List<string> files, string member, DateTime? since, CancellationToken cancellationToken)
    {
        if (host is not LocalHost)
        {
            var found = files.Count == 0 ? [] : await HostFileSet.FindAsync(host, files.Distinct(StringComparer.Ordinal), output, cancellationToken);
            var older = since is null ? [] : await HostFileSet.FindRotatedAsync(host, found, cancellationToken);
            return found.Select(file => new HostFileSource(host, file, member)).Concat(older.Select(file => new HostFileSource(host, file, member) { IsRotated = true }));
        }

        var folder = session.Stack.Path is { } path ? Path.GetDirectoryName(path) ?? "/" : Environment.CurrentDirectory;
        return LogFileSource.Of(LogFileSet.Find(files, folder, output), since, member, host.Name);
    }

    private async Task<IEnumerable<ILogSource>> ContainersAsync(IHost host, ServiceTarget target, CancellationToken cancellationToken)
    {
        var state = await ServiceManagers.Get(target.Manager).GetStateAsync(host, target.Unit, cancellationToken);
        if (state.InstanceList.Count == 0)
        {
            output.Error(new OpsException(
                "Log.NoContainer",
                OpsErrorKind.NotFound,
                $"'{target.Name}' has no container whose output could be read: {state.State}.",
                "The output of a container is gone with the container. Look into its log files or into Loki.",
                target.Name));
        }

        return state.InstanceList.Select(instance => new ContainerSource(host, target.Unit.DockerEndpoint, instance.Id, instance.Name, target.Name));
    }
}
