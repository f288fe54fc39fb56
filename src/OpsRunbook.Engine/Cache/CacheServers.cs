namespace OpsRunbook.Engine.Cache;

/// <summary>The open servers of a cache.</summary>
/// <param name="servers">The servers.</param>
/// <param name="complete">Together they hold all of the data.</param>
public sealed class CacheServers(IReadOnlyList<CacheServer> servers, bool complete) : IAsyncDisposable
{
    /// <summary>The servers.</summary>
    public IReadOnlyList<CacheServer> All => servers;

    /// <summary>Together they hold all of the data; false when a part of a cluster could not be reached.</summary>
    public bool Complete => complete;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var server in servers)
        {
            await server.DisposeAsync();
        }
    }
}
