using OpsRunbook.Engine.Docker;

namespace OpsRunbook.Engine.Disks.Cleaning;

/// <summary>The engine of a host for the categories that clean it up; what it keeps is read once for all of them.</summary>
internal sealed class DockerEngineStore : IDisposable
{
    private DockerClient? _client;
    private Task<DockerStore?>? _store;

    /// <summary>The engine. Only after <see cref="ReadAsync"/>.</summary>
    public DockerClient Client => _client ?? throw new InvalidOperationException("Nobody has asked the engine yet.");

    /// <summary>What the engine keeps.</summary>
    /// <param name="search">The search.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The store; null when there is no engine, or it is on a file system that is not to be cleaned up.</returns>
    public async Task<DockerStore?> ReadAsync(CleanupSearch search, CancellationToken cancellationToken)
    {
        _store ??= ReadOnceAsync(search, cancellationToken);
        return await _store is { } store && search.FileSystem(store.Device) is not null ? store : null;
    }

    /// <inheritdoc/>
    public void Dispose() => _client?.Dispose();

    private async Task<DockerStore?> ReadOnceAsync(CleanupSearch search, CancellationToken cancellationToken)
    {
        try
        {
            _client = DockerClient.Of(search.Host, search.Session.Stack);
            return await DockerStore.ReadAsync(_client, search.Host, cancellationToken);
        }
        catch (OpsException error) when (error.Id == "Docker.SocketMissing")
        {
            return null;
        }
    }
}
