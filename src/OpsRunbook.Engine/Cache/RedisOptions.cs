using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Cache;

/// <summary>Where a Redis server is and how to log in.</summary>
/// <param name="Server">Name or address as seen from the host.</param>
/// <param name="Port">TCP port.</param>
public sealed record RedisOptions(string Server = "localhost", int Port = 6379)
{
    /// <summary>ACL user; null for the default user.</summary>
    public string? User { get; init; }

    /// <summary>Password; null for none.</summary>
    public string? Password { get; init; }

    /// <summary>Database number.</summary>
    public int Database { get; init; }

    /// <summary>TLS: <c>disable</c>, <c>require</c>, <c>verify-full</c>; null for <c>disable</c>.</summary>
    public string? Tls { get; init; }

    /// <summary>File with the certificate authorities to trust; null for the machine's own.</summary>
    public string? TlsCa { get; init; }

    /// <summary>Longest wait for the replies to a batch of commands; null to wait as long as the caller does.</summary>
    public TimeSpan? ReplyTimeout { get; init; }

    /// <summary>A larger value is refused.</summary>
    public int MaximumBulkBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>A longer line is refused; only <c>MONITOR</c> has long ones.</summary>
    public int MaximumLineBytes { get; init; } = 64 * 1024;

    /// <summary>What a stack says about a cache.</summary>
    /// <param name="cache">The cache.</param>
    /// <param name="session">Resolves its password.</param>
    /// <param name="cancellationToken">Ends the reading of the password.</param>
    /// <returns>The options.</returns>
    /// <exception cref="OpsException"><c>Secret.NotResolved</c>.</exception>
    internal static async Task<RedisOptions> OfAsync(StackCache cache, StackSession session, CancellationToken cancellationToken) =>
        new(cache.Server ?? "localhost", cache.Port ?? 6379)
        {
            User = cache.User,
            Password = await session.SecretAsync(cache.Password, cancellationToken),
            Database = cache.Database,
            Tls = cache.Tls,
            TlsCa = cache.TlsCa,
        };

    // The compiler's ToString would print the password.
    private bool PrintMembers(System.Text.StringBuilder builder)
    {
        builder.Append(Server).Append(':').Append(Port);
        return true;
    }
}
