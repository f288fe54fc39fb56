using System.Threading.Channels;

namespace OpsRunbook.Engine.Cache;

/// <summary>
/// Shows the commands that a cache carries out, on all masters of a cluster, for a time or a number of them. A server sends every command to a watcher
/// and keeps for it what it does not take: what nobody takes in time is therefore left out, and counted.
/// </summary>
/// <param name="target">The cache.</param>
/// <param name="over">Longest time.</param>
/// <param name="first">So many commands at the most.</param>
/// <param name="commands">Names of commands with wildcards; none for all.</param>
/// <param name="output">Takes a <see cref="CacheCommand"/> for each.</param>
public sealed class CommandWatch(CacheTarget target, TimeSpan over, int first, IReadOnlyList<string> commands, IOperationOutput output)
{
    private const int MostWaiting = 10_000;
    private long _leftOut;

    /// <summary>Watches.</summary>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>A task that ends with the watch; the server is no longer watched then.</returns>
    /// <exception cref="OpsException">The cache cannot be reached.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using var servers = await target.OpenAllAsync(fromReplica: false, output, cancellationToken);
        var nodes = string.Join(", ", servers.All.Select(server => server.Node));
        if (nodes.Length == 0)
        {
            // Every part of the cluster has been reported as missing.
            return;
        }

        output.Warning($"Every command of {nodes} is watched for {Duration.Format(over)} at the most; a busy server does about half its work meanwhile.");
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var waiting = Channel.CreateBounded<CacheCommand>(
            new BoundedChannelOptions(MostWaiting) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true },
            _ => Interlocked.Increment(ref _leftOut));
        var receiving = ReceiveAsync(servers, waiting.Writer, end.Token);
        var written = 0;
        try
        {
            await foreach (var command in waiting.Reader.ReadAllAsync(cancellationToken))
            {
                await output.WriteAsync(command, cancellationToken);
                if (++written == first)
                {
                    break;
                }
            }
        }
        finally
        {
            await end.CancelAsync();
            await receiving;
        }

        if (_leftOut > 0)
        {
            output.Warning($"{_leftOut} commands came too fast to be shown and were left out.");
        }
    }

    private async Task ReceiveAsync(CacheServers servers, ChannelWriter<CacheCommand> waiting, CancellationToken enough)
    {
        try
        {
            await Task.WhenAll(servers.All.Select(server => ReceiveAsync(server, waiting, enough)));
        }
        finally
        {
            waiting.TryComplete();
        }
    }

    private async Task ReceiveAsync(CacheServer server, ChannelWriter<CacheCommand> waiting, CancellationToken enough)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(enough);
        try
        {
            await using var connection = await server.ConnectForLongLinesAsync(end.Token);
            await connection.ExecuteAsync(new RedisCommand("MONITOR"), end.Token);
            end.CancelAfter(over);
            while (true)
            {
                var line = MonitorLine.Parse((await connection.ReceiveAsync(end.Token)).Bytes.Span);
                if (line is not null && CommandText.Name(line.Arguments) is var name && Wants(name))
                {
                    waiting.TryWrite(new CacheCommand
                    {
                        Time = line.Time,
                        Name = name,
                        Command = CommandText.Show(line.Arguments),
                        Client = line.Client,
                        Database = line.Database,
                        Cache = target.Name,
                        Node = server.Node,
                    });
                }
            }
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // The time is over, there are enough, or nobody wants any more.
        }
        catch (OpsException error)
        {
            // The other nodes are watched on.
            output.Error(error);
        }
    }

    private bool Wants(string name) => commands.Count == 0 || commands.Any(pattern => NameFilter.Fits(pattern, name));
}
