using System.Diagnostics;
using OpsRunbook.Engine.Endpoints;

namespace OpsRunbook.Engine.Cache;

/// <summary>Reads the state of a cache's servers.</summary>
/// <param name="target">The cache.</param>
/// <param name="sample">How long hits, evictions and commands are counted.</param>
/// <param name="output">Takes a <see cref="CacheStatus"/> for each server.</param>
public sealed class CacheStatusReader(CacheTarget target, TimeSpan sample, IOperationOutput output)
{
    /// <summary>Reads it. A server that cannot be asked has a status too.</summary>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>A task that ends with the last server.</returns>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        CacheServers servers;
        try
        {
            servers = await target.OpenAllAsync(fromReplica: false, output, cancellationToken);
        }
        catch (OpsException error)
        {
            await output.WriteAsync(Failed(EndpointErrors.HostPort(target.Cache.Server ?? "localhost", target.Cache.Port ?? 6379), error), cancellationToken);
            return;
        }

        await using (servers)
        {
            var statuses = await Task.WhenAll(servers.All.Select(server => ReadAsync(server, cancellationToken)));
            foreach (var status in statuses)
            {
                await output.WriteAsync(status, cancellationToken);
            }
        }
    }

    private async Task<CacheStatus> ReadAsync(CacheServer server, CancellationToken cancellationToken)
    {
        try
        {
            var start = Stopwatch.GetTimestamp();
            var ping = (await server.Connection.PipelineAsync([new RedisCommand("PING")], cancellationToken))[0];
            var latency = Stopwatch.GetElapsedTime(start);
            if (ping.IsError && !ping.Text.StartsWith("LOADING", StringComparison.Ordinal))
            {
                throw RedisErrors.FromReply(ping, "PING", server.Node);
            }

            start = Stopwatch.GetTimestamp();
            var first = await InfoAsync(server, cancellationToken);
            await Task.Delay(sample, cancellationToken);
            var second = await InfoAsync(server, cancellationToken);
            var over = Stopwatch.GetElapsedTime(start);
            var replies = await server.Connection.PipelineAsync(
                [new RedisCommand("MEMORY", "DOCTOR"), new RedisCommand("CONFIG", "GET", "save"), new RedisCommand("CLUSTER", "INFO")], cancellationToken);
            return new CacheReport(target, server, first, second, over, latency, replies).ToStatus();
        }
        catch (OpsException error)
        {
            return Failed(server.Node, error);
        }
    }

    // Null when the user may not ask.
    private static async Task<RedisInfo?> InfoAsync(CacheServer server, CancellationToken cancellationToken)
    {
        var reply = (await server.Connection.PipelineAsync([new RedisCommand("INFO")], cancellationToken))[0];
        return !reply.IsError ? new RedisInfo(reply.Text)
            : reply.Text.StartsWith("NOPERM", StringComparison.Ordinal) || reply.Text.StartsWith("ERR unknown", StringComparison.Ordinal) ? null
            : throw RedisErrors.FromReply(reply, "INFO", server.Node);
    }

    private CacheStatus Failed(string node, OpsException error) => new()
    {
        Status = CheckFailure.Status(error),
        Cache = target.Name,
        Node = node,
        Message = error.Message,
        Checks = [new CheckResult { Name = "connection", Status = CheckFailure.Status(error), Message = error.FullMessage, Reason = error.Id, Target = node }],
    };
}
