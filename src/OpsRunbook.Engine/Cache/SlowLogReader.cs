namespace OpsRunbook.Engine.Cache;

/// <summary>Reads the slow log of a cache's servers.</summary>
/// <param name="target">The cache.</param>
/// <param name="first">So many entries of each server at the most, the newest.</param>
/// <param name="output">Takes a <see cref="CacheSlowCommand"/> for each entry, newest first.</param>
public sealed class SlowLogReader(CacheTarget target, int first, IOperationOutput output)
{
    /// <summary>Reads it.</summary>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>A task that ends with the last entry.</returns>
    /// <exception cref="OpsException">The cache cannot be reached or does not allow it.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using var servers = await target.OpenAllAsync(fromReplica: false, output, cancellationToken);
        foreach (var server in servers.All)
        {
            var log = await server.Connection.ExecuteAsync(new RedisCommand("SLOWLOG", "GET", first), cancellationToken);
            foreach (var entry in log.Items)
            {
                await output.WriteAsync(Read(entry, server), cancellationToken);
            }

            if (log.Items.Count == 0)
            {
                await SayWhyEmptyAsync(server, cancellationToken);
            }
        }
    }

    private async Task SayWhyEmptyAsync(CacheServer server, CancellationToken cancellationToken)
    {
        var limit = (await server.Connection.PipelineAsync([new RedisCommand("CONFIG", "GET", "slowlog-log-slower-than")], cancellationToken))[0];
        if (limit.Items is [_, var value] && long.TryParse(value.Text, out var microseconds))
        {
            output.Verbose(microseconds < 0
                ? $"{server.Node} keeps no slow log (slowlog-log-slower-than is {microseconds})."
                : $"No command on {server.Node} took more than {Duration.Format(TimeSpan.FromMicroseconds(microseconds))} since the log was last emptied.");
        }
    }

    private CacheSlowCommand Read(RedisReply entry, CacheServer server)
    {
        // Number, seconds, microseconds, arguments; since version 4 also the client's address and name.
        var fields = entry.Items;
        return fields.Count < 4
            ? throw RedisErrors.Protocol(server.Node, new InvalidDataException("an entry of the slow log is not one"))
            : new CacheSlowCommand
            {
                Id = fields[0].Integer,
                Time = DateTimeOffset.FromUnixTimeSeconds(fields[1].Integer).UtcDateTime,
                Duration = TimeSpan.FromMicroseconds(fields[2].Integer),
                Command = CommandText.Show([.. fields[3].Items.Select(argument => argument.Bytes)]),
                Client = fields.Count > 4 ? fields[4].Text : string.Empty,
                ClientName = fields.Count > 5 ? fields[5].Text : string.Empty,
                Cache = target.Name,
                Node = server.Node,
            };
    }
}
