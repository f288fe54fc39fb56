using System.IO.Enumeration;
using System.Text.RegularExpressions;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.State;

namespace OpsRunbook.Engine.Disks.Cleaning;

/// <summary>
/// What no clean-up touches: what the stack protects, logs and folders of databases, audit and login logs, backups,
/// and what this module itself remembers.
/// </summary>
internal sealed partial class ProtectedPaths
{
    private static readonly string[] Always =
    [
        "/var/log/audit/", "/var/log/mysql/", "/var/log/mariadb/", "/var/log/postgresql/", "/var/log/pgbouncer/", "/var/log/mongodb/", "/var/log/redis/",
        "/var/lib/mysql/", "/var/lib/postgresql/", "/var/lib/mongodb/", "/var/lib/redis/",
    ];

    private readonly List<string> _patterns = [];

    private ProtectedPaths(IEnumerable<string> paths)
    {
        foreach (var path in paths)
        {
            // A log's older parts have its name up to the extension.
            var start = path.EndsWith('/') ? path : path[..^Path.GetExtension(path).Length];
            _patterns.Add(start.Replace("\\", "\\\\", StringComparison.Ordinal) + "*");
        }
    }

    /// <summary>Those of a stack on one host.</summary>
    /// <param name="stack">The stack.</param>
    /// <param name="host">The host.</param>
    /// <param name="cancellationToken">Ends the questions to the host.</param>
    /// <returns>The paths, also where links lead that are among them.</returns>
    public static async Task<ProtectedPaths> ReadAsync(OpsStack stack, IHost host, CancellationToken cancellationToken)
    {
        var members = stack.Databases.Keys.Concat(stack.Caches.Keys).ToHashSet(StringComparer.Ordinal);
        List<string> paths =
        [
            .. Always,
            .. stack.Logs.Values.Where(log => IsOn(log.Host) && (log.Protect || (log.Members.Count > 0 && log.Members.TrueForAll(members.Contains)))).SelectMany(log => log.Files),
            .. stack.Databases.Values.Where(database => IsOn(database.Host)).SelectMany(database => database.Logs),
            .. stack.Caches.Values.Where(cache => IsOn(cache.Host)).SelectMany(cache => cache.Logs),
            .. stack.Backups.Values.Where(backup => IsOn(backup.Host)).Select(backup => backup.Directory.TrimEnd('/') + "/"),
            .. host is LocalHost ? new[] { StateFolder.Path.TrimEnd('/') + "/" } : [],
        ];
        paths.RemoveAll(path => !path.StartsWith('/'));
        var real = await LogFolder.ResolveAsync(host, paths, null, cancellationToken);
        return new ProtectedPaths(paths.Concat(real.Select(folder => folder.Path.TrimEnd('/') + "/" + folder.Name)));

        bool IsOn(string? name) => (name ?? LocalHost.LocalName) == host.Name;
    }

    /// <summary>No clean-up may touch the file.</summary>
    /// <param name="path">Its path.</param>
    /// <returns>True when it may not.</returns>
    public bool Contains(byte[] path)
    {
        var text = RawPaths.ToText(path);
        return Login().IsMatch(text[(text.LastIndexOf('/') + 1)..]) || _patterns.Exists(pattern => FileSystemName.MatchesSimpleExpression(pattern, text, ignoreCase: false));
    }

    [GeneratedRegex("audit|^(?:auth|secure|wtmp|btmp|utmp|lastlog|faillog|tallylog|sudo|sshd|mysqld?|mariadb|postgres|postgresql|pgbouncer|mongod?|redis)(?:[-._]|$)", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase, 1000)]
    private static partial Regex Login();
}
