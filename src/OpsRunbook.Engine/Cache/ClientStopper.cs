using OpsRunbook.Engine.Safety;

namespace OpsRunbook.Engine.Cache;

/// <summary>Ends connections of a cache's clients, after it has looked whether they are still the ones that were seen.</summary>
/// <param name="target">The cache.</param>
/// <param name="changes">The road for changes.</param>
/// <param name="output">Takes errors.</param>
public sealed class ClientStopper(CacheTarget target, ChangeRunner changes, IOperationOutput output)
{
    /// <summary>Ends connections.</summary>
    /// <param name="clients">As they were seen: number, and where they are known, address, server and the server's run.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>A task that ends with the last of them.</returns>
    /// <exception cref="OpsException">The cache cannot be reached or does not allow it.</exception>
    public async Task RunAsync(IReadOnlyList<SeenClient> clients, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(clients);
        await using var servers = await target.OpenAllAsync(fromReplica: false, output, cancellationToken);
        foreach (var seen in clients)
        {
            try
            {
                await StopAsync(servers, seen, cancellationToken);
            }
            catch (OpsException error)
            {
                output.Error(error);
            }
        }
    }

    private async Task StopAsync(CacheServers servers, SeenClient seen, CancellationToken cancellationToken)
    {
        var server = seen.Node is null && servers.All.Count == 1 ? servers.All[0]
            : servers.All.FirstOrDefault(one => one.Node == seen.Node)
            ?? throw new OpsException(
                "Cache.NodeUnknown", OpsErrorKind.NotFound, $"'{target.Name}' has no server {seen.Node ?? "that is named"}.", $"Its servers are {string.Join(", ", servers.All.Select(one => one.Node))}: give one with -Node.", target.Name);
        var now = await ClientList.ReadAsync(server, seen.Id, cancellationToken) is [var found, ..] ? found : null;
        if (now is null || (seen.Address is not null && seen.Address != now.Address) || (seen.ServerRun is not null && now.ServerRun is not null && seen.ServerRun != now.ServerRun))
        {
            throw new OpsException(
                "Cache.ClientGone", OpsErrorKind.NotFound, $"The client {seen.Id}{(seen.Address is null ? string.Empty : $" ({seen.Address})")} is no longer connected to {server.Node}.", "Look again with Get-CacheClient.", target.Name);
        }

        changes.Require(
            "ReplicationLink",
            now.Type is not ("replica" or "master"),
            $"The client {now.Id} ({now.Address}) of {server.Node} is its {now.Type}: ending that connection makes the replica read everything anew.",
            "Leave it alone.",
            target.Name);
        var change = new Change("Disconnect client", $"client {now.Id} ({now.Address}, {(now.ClientName.Length > 0 ? now.ClientName : now.Type)}) of {target.Name}", target.HostName)
        {
            Before = new Dictionary<string, string?> { ["command"] = now.Command, ["user"] = now.User, ["node"] = server.Node },
        };
        if (changes.IsWhatIf)
        {
            await changes.PlanAsync("Disconnect", change.Target, target.HostName, $"CLIENT KILL ID {now.Id} on {server.Node}; last command {now.Command}, idle for {Duration.Format(now.Idle)}", cancellationToken);
            return;
        }

        if (await changes.ConfirmAsync(change, cancellationToken))
        {
            var ended = await changes.RunAsync(
                change,
                async token => (await server.Connection.ExecuteAsync(new RedisCommand("CLIENT", "KILL", "ID", now.Id), token)).Integer,
                count => new ChangeResult(JournalOutcome.Succeeded, count == 0 ? "it had left by itself" : null),
                cancellationToken);
            output.Verbose(ended == 0 ? $"The client {now.Id} had left by itself." : $"The client {now.Id} is disconnected.");
        }
    }
}
