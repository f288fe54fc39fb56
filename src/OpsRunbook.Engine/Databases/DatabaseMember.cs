using System.Net;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Databases;

/// <summary>A database that a command was pointed at.</summary>
/// <param name="session">The stack in use.</param>
/// <param name="name">Name in the stack, or an address.</param>
/// <param name="definition">Where the server is.</param>
public sealed class DatabaseMember(StackSession session, string name, StackDatabase definition)
{
    /// <summary>Longest wait where nothing says another.</summary>
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Name in the stack, or an address.</summary>
    public string Name => name;

    /// <summary>Its definition.</summary>
    public StackDatabase Definition => definition;

    /// <summary>The stack in use.</summary>
    public StackSession Session => session;

    /// <summary>Name of the host from which the server is reached.</summary>
    public string HostName => definition.Host ?? LocalHost.LocalName;

    /// <summary>Longest wait for a connection, and for the answer to what is answered at once.</summary>
    public TimeSpan Timeout { get; init; } = definition.Timeout ?? DefaultTimeout;

    /// <summary>A login that is used instead of the definition's; null for that one.</summary>
    public NetworkCredential? Login { get; init; }

    /// <summary>The databases of a stack that names fit.</summary>
    /// <param name="session">The stack in use.</param>
    /// <param name="names">Names with wildcards; none for all.</param>
    /// <param name="timeout">Longest wait for an answer; null for each definition's own.</param>
    /// <param name="login">A login instead of the definitions' own; null for those.</param>
    /// <param name="output">Takes an error for each name that fits nothing.</param>
    /// <returns>The databases, each once.</returns>
    /// <exception cref="OpsException"><c>Db.NotFound</c>: the stack has no database at all.</exception>
    public static IReadOnlyList<DatabaseMember> Select(StackSession session, IReadOnlyList<string> names, TimeSpan? timeout, NetworkCredential? login, IOperationOutput output)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(names);
        ArgumentNullException.ThrowIfNull(output);
        return MemberSelection.Choose(session.Stack, session.Stack.Databases, names, "database", "Db.NotFound", "postgres://host/database", output)
            .Select(pair => new DatabaseMember(session, pair.Key, pair.Value) { Timeout = timeout ?? pair.Value.Timeout ?? DefaultTimeout, Login = login })
            .ToList();
    }

    /// <summary>Where the server is, with its password read.</summary>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The target.</returns>
    /// <exception cref="OpsException"><c>Secret.NotResolved</c>, <c>Stack.HostUnknown</c>.</exception>
    internal async Task<DatabaseTarget> TargetAsync(CancellationToken cancellationToken) =>
        new(session.Host(definition.Host), definition, Login is null ? await session.SecretAsync(definition.Password, cancellationToken) : Login.Password, Timeout) { Login = Login };
}
