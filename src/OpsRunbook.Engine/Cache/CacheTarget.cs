using OpsRunbook.Engine.Endpoints;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Cache;

/// <summary>A cache that a command was pointed at.</summary>
/// <param name="session">The stack in use.</param>
/// <param name="name">Name in the stack, or an address.</param>
/// <param name="cache">Where the server is.</param>
public sealed class CacheTarget(StackSession session, string name, StackCache cache)
{
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Name in the stack, or an address.</summary>
    public string Name => name;

    /// <summary>Its definition.</summary>
    public StackCache Cache => cache;

    /// <summary>Limits of the stack.</summary>
    public StackThresholds Thresholds => session.Stack.Thresholds;

    /// <summary>Name of the host from which the server is reached.</summary>
    public string HostName => cache.Host ?? LocalHost.LocalName;

    /// <summary>Number of the database; null for the definition's own.</summary>
    public int? Database { get; init; }

    /// <summary>Longest wait for an answer; null for the definition's own.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>The caches of a stack that names fit.</summary>
    /// <param name="session">The stack in use.</param>
    /// <param name="names">Names with wildcards; none for all.</param>
    /// <param name="database">Number of the database; null for each definition's own.</param>
    /// <param name="timeout">Longest wait for an answer; null for each definition's own.</param>
    /// <param name="output">Takes an error for each name that fits nothing.</param>
    /// <returns>The caches, each once.</returns>
    /// <exception cref="OpsException"><c>Cache.NotFound</c>: the stack has no cache at all.</exception>
    public static IReadOnlyList<CacheTarget> Select(StackSession session, IReadOnlyList<string> names, int? database, TimeSpan? timeout, IOperationOutput output)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(names);
        ArgumentNullException.ThrowIfNull(output);
        return MemberSelection.Choose(session.Stack, session.Stack.Caches, names, "cache", "Cache.NotFound", "redis://host:6379", output)
            .Select(pair => new CacheTarget(session, pair.Key, pair.Value) { Database = database, Timeout = timeout })
            .ToList();
    }

    /// <summary>Opens the server that the definition names, and asks what it is.</summary>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The server; the caller disposes it.</returns>
    /// <exception cref="OpsException">It cannot be reached or refuses the login: <c>Cache.…</c>.</exception>
    public async Task<CacheServer> OpenAsync(CancellationToken cancellationToken)
    {
        var options = await RedisOptions.OfAsync(cache, session, cancellationToken) with
        {
            Database = Database ?? cache.Database,
            ReplyTimeout = Timeout ?? cache.Timeout ?? DefaultTimeout,
        };
        return await CacheServer.OpenAsync(this, session.Host(cache.Host), options, cancellationToken);
    }

    /// <summary>
    /// Opens every server that together holds the data: the one that is named, or the masters of its cluster. With
    /// <paramref name="fromReplica"/> a replica of each.
    /// </summary>
    /// <param name="fromReplica">Read from replicas.</param>
    /// <param name="output">Takes an error for each part of the cluster that cannot be reached.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The servers, and whether all are there; the caller disposes them.</returns>
    public async Task<CacheServers> OpenAllAsync(bool fromReplica, IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        var first = await OpenAsync(cancellationToken);
        try
        {
            return first.IsCluster ? await OpenClusterAsync(first, fromReplica, output, cancellationToken)
                : fromReplica && !first.IsReplica ? await OpenReplicaAsync(first, cancellationToken)
                : new CacheServers([first], complete: true);
        }
        catch
        {
            await first.DisposeAsync();
            throw;
        }
    }

    private async Task<CacheServers> OpenReplicaAsync(CacheServer master, CancellationToken cancellationToken)
    {
        var online = master.Info.Numbered("slave")
            .Select(replica => RedisInfo.Fields(replica.Value))
            .Where(replica => replica.GetValueOrDefault("state") == "online")
            .OrderBy(replica => long.TryParse(replica.GetValueOrDefault("lag"), out var lag) ? lag : long.MaxValue)
            .ToList();
        if (online is not [var best, ..] || !int.TryParse(best.GetValueOrDefault("port"), out var port))
        {
            throw new OpsException(
                "Cache.NoReplica", OpsErrorKind.NotFound, $"{master.Node} has no replica that is online.", "Leave -FromReplica away to read from the master.", Name);
        }

        var replica = await master.OpenOtherAsync(best["ip"], port, cancellationToken);
        await master.DisposeAsync();
        return new CacheServers([replica], complete: true);
    }

    private async Task<CacheServers> OpenClusterAsync(CacheServer first, bool fromReplica, IOperationOutput output, CancellationToken cancellationToken)
    {
        var nodes = ClusterNode.Parse((await first.Connection.ExecuteAsync(new RedisCommand("CLUSTER", "NODES"), cancellationToken)).Text);
        var servers = new List<CacheServer>();
        var complete = true;
        try
        {
            foreach (var master in nodes.Where(node => node is { IsReplica: false, Slots: > 0 }))
            {
                try
                {
                    servers.Add(await (fromReplica ? OpenReplicaAsync(first, master, nodes, cancellationToken) : OpenNodeAsync(first, master, cancellationToken)));
                }
                catch (OpsException error)
                {
                    complete = false;
                    output.Error(new OpsException(
                        error.Id,
                        error.Kind,
                        $"A part of the cluster '{Name}' ({master.Slots} of 16384 slots, master {EndpointErrors.HostPort(master.Address ?? first.Options.Server, master.Port)}) is not looked at: {error.Message}",
                        error.NextStep,
                        Name,
                        error));
                }
            }
        }
        catch
        {
            await new CacheServers(servers, complete: false).DisposeAsync();
            throw;
        }

        await first.DisposeAsync();
        return new CacheServers(servers, complete);
    }

    private static Task<CacheServer> OpenNodeAsync(CacheServer first, ClusterNode node, CancellationToken cancellationToken) =>
        first.OpenOtherAsync(node.Address ?? first.Options.Server, node.Port, cancellationToken);

    // The nodes notice late that one of them is gone, and a replica that has lost its master shows the past.
    private async Task<CacheServer> OpenReplicaAsync(CacheServer first, ClusterNode master, IReadOnlyList<ClusterNode> nodes, CancellationToken cancellationToken)
    {
        foreach (var node in nodes.Where(node => node.Master == master.Id && !node.HasFailed))
        {
            CacheServer replica;
            try
            {
                replica = await OpenNodeAsync(first, node, cancellationToken);
            }
            catch (OpsException error) when (error.Kind is OpsErrorKind.Connection or OpsErrorKind.Timeout)
            {
                continue;
            }

            if (replica.Info.Text("master_link_status") != "down")
            {
                return replica;
            }

            await replica.DisposeAsync();
        }

        throw new OpsException(
            "Cache.NoReplica", OpsErrorKind.NotFound, $"The master on port {master.Port} has no replica that is online.", "Leave -FromReplica away to read from the masters.", Name);
    }
}
