using OpsRunbook.Engine.Cache;
using OpsRunbook.Engine.Databases;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Backups;

/// <summary>A backup of the stack that a command was pointed at.</summary>
public sealed class BackupMember
{
    private readonly TimeSpan? _timeout;

    private BackupMember(StackSession session, string name, StackBackup definition, TimeSpan? timeout)
    {
        Session = session;
        Name = name;
        Definition = definition;
        _timeout = timeout;
    }

    /// <summary>Name in the stack, or an address.</summary>
    public string Name { get; }

    /// <summary>Its definition.</summary>
    public StackBackup Definition { get; }

    /// <summary>The stack in use.</summary>
    public StackSession Session { get; }

    /// <summary>Name of the host that its folder is on.</summary>
    public string HostName => Definition.Host ?? LocalHost.LocalName;

    /// <summary>The database that is backed up; null when it is a cache.</summary>
    public DatabaseMember? Database => Session.Stack.Databases.TryGetValue(Definition.Database, out var database)
        ? new DatabaseMember(Session, Definition.Database, database) { Timeout = _timeout ?? database.Timeout ?? DatabaseMember.DefaultTimeout }
        : null;

    /// <summary>The cache that is backed up; null when it is a database.</summary>
    public CacheTarget? Cache => Session.Stack.Caches.TryGetValue(Definition.Database, out var cache) ? new CacheTarget(Session, Definition.Database, cache) { Timeout = _timeout } : null;

    /// <summary>Kind of server.</summary>
    public BackupEngine Engine => Database?.Definition.Engine switch
    {
        DatabaseEngine.Postgres => BackupEngine.PostgreSql,
        DatabaseEngine.MySql or DatabaseEngine.MariaDb => BackupEngine.MySql,
        DatabaseEngine.MongoDb => BackupEngine.MongoDb,
        _ => Cache is null ? BackupEngine.Unknown : BackupEngine.Redis,
    };

    /// <summary>The folder of its sets.</summary>
    internal BackupFolder Folder => new(Session.Host(Definition.Host), Definition.Directory, Name, Definition.Pattern);

    /// <summary>The backups of a stack that names fit.</summary>
    /// <param name="session">The stack in use.</param>
    /// <param name="names">Names with wildcards; none for all.</param>
    /// <param name="timeout">Longest wait for an answer of a server; null for each definition's own.</param>
    /// <param name="output">Takes an error for each name that fits nothing.</param>
    /// <returns>The backups, each once.</returns>
    /// <exception cref="OpsException"><c>Backup.NotFound</c>: the stack has no backup at all.</exception>
    public static IReadOnlyList<BackupMember> Select(StackSession session, IReadOnlyList<string> names, TimeSpan? timeout, IOperationOutput output)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(names);
        ArgumentNullException.ThrowIfNull(output);
        return MemberSelection.Choose(session.Stack, session.Stack.Backups, names, "backup", "Backup.NotFound", "postgres://host/database and -Directory", output)
            .Select(pair => new BackupMember(session, pair.Key, pair.Value, timeout))
            .ToList();
    }
}
