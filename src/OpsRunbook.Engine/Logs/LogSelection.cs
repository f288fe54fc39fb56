using OpsRunbook.Engine.Logs.Files;
using OpsRunbook.Engine.Logs.Sources;
using OpsRunbook.Engine.Services;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Logs;

/// <summary>Finds the logs that a command was asked for.</summary>
public static class LogSelection
{
    /// <summary>The files that paths stand for.</summary>
    /// <param name="paths">Files, folders, and patterns with <c>*</c> and <c>?</c>.</param>
    /// <param name="folder">Folder that relative paths are relative to.</param>
    /// <param name="output">Takes an error for each path that stands for nothing.</param>
    /// <param name="since">Beginning of the time range, UTC: rotated files that reach into it belong to the logs; null for none.</param>
    /// <returns>A source for each file.</returns>
    public static IReadOnlyList<ILogSource> OfPaths(IEnumerable<string> paths, string folder, IOperationOutput output, DateTime? since = null) =>
        [.. LogFileSource.Of(LogFileSet.Find(paths, folder, output), since)];

    /// <summary>The logs of members of a stack.</summary>
    /// <param name="session">The stack in use.</param>
    /// <param name="names">Names of members, with wildcards; none for every member that has a log.</param>
    /// <param name="output">Takes an error for each name that fits nothing, and for each log that cannot be found.</param>
    /// <param name="since">Beginning of the time range, UTC: rotated files that reach into it belong to the logs; null for none.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <returns>The sources.</returns>
    public static async Task<IReadOnlyList<ILogSource>> OfMembersAsync(
        StackSession session, IReadOnlyList<string> names, IOperationOutput output, DateTime? since, CancellationToken cancellationToken) =>
        (await FindAsync(session, names, output, since, cancellationToken)).ConvertAll(found => found.Source);

    /// <summary>The logs of members of a stack, with the member of each.</summary>
    /// <param name="session">The stack in use.</param>
    /// <param name="names">Names of members, with wildcards; none for every member that has a log.</param>
    /// <param name="output">Takes an error for each name that fits nothing, and for each log that cannot be found.</param>
    /// <param name="since">Beginning of the time range, UTC: rotated files that reach into it belong to the logs; null for none.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <returns>The members and their sources.</returns>
    internal static async Task<List<(StackMember Member, ILogSource Source)>> FindAsync(
        StackSession session, IReadOnlyList<string> names, IOperationOutput output, DateTime? since, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(names);
        ArgumentNullException.ThrowIfNull(output);
        var members = StackMembers.Of(session.Stack).ToList();
        var sources = new List<(StackMember, ILogSource)>();
        var chosen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var name in names.Count == 0 ? ["*"] : names)
        {
            var matches = members.Where(member => NameFilter.Fits(name, member.Name)).ToList();
            if (matches.Count == 0)
            {
                output.Error(new OpsException(
                    "Log.MemberNotFound",
                    OpsErrorKind.NotFound,
                    $"The stack '{session.Stack.Name}' has no member '{name}'.",
                    Nearest.Suggest(name, members.Select(member => member.Name)),
                    name));
            }

            var isNamed = names.Count > 0 && name.AsSpan().IndexOfAny('*', '?') < 0;
            foreach (var member in matches.Where(member => chosen.Add($"{member.Kind} {member.Name}")))
            {
                var found = await OfMemberAsync(session, member, output, since, cancellationToken);
                if (found.Count == 0 && isNamed && !HasLogs(session.Stack, member))
                {
                    output.Error(new OpsException(
                        "Log.NoSource",
                        OpsErrorKind.NotFound,
                        $"The stack '{session.Stack.Name}' does not say where the logs of '{member.Name}' are.",
                        $"Add them to the stack file, such as logs: [/var/log/{member.Name}/*.log], or read them with -Path.",
                        member.Name));
                }

                sources.AddRange(found.Select(source => (member, source)));
            }
        }

        return sources;
    }

    // Otherwise what was wrong with them has been reported.
    private static bool HasLogs(OpsStack stack, StackMember member) => Files(stack, member).Count > 0
        || ServiceTargets.Of(stack).Any(target => target.Name == member.Name && target.Kind == member.Kind && target.Manager != ServiceManagerKind.Process);

    /// <summary>The log files of a member: its own, and those of the stack that it writes.</summary>
    /// <param name="stack">The stack.</param>
    /// <param name="member">The member.</param>
    /// <returns>Paths and patterns.</returns>
    internal static List<string> Files(OpsStack stack, StackMember member)
    {
        List<string> own = member.Definition switch
        {
            StackService service => service.Logs,
            StackDatabase database => database.Logs,
            StackCache cache => cache.Logs,
            StackWebServer server => server.Logs,
            _ => [],
        };
        var shared = stack.Logs.Values
            .Where(log => log.Members.Contains(member.Name, StringComparer.Ordinal) && (log.Host ?? Hosts.LocalHost.LocalName) == member.Host)
            .SelectMany(log => log.Files);
        return [.. own.Concat(shared).Distinct(StringComparer.Ordinal)];
    }

    private static async Task<List<ILogSource>> OfMemberAsync(StackSession session, StackMember member, IOperationOutput output, DateTime? since, CancellationToken cancellationToken)
    {
        try
        {
            return await new MemberLogs(session, output).FindAsync(member, Files(session.Stack, member), since, cancellationToken);
        }
        catch (OpsException error)
        {
            // One member whose host or manager cannot be asked does not end the others.
            output.Error(error);
            return [];
        }
    }
}
