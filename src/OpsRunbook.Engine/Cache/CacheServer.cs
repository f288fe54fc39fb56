using OpsRunbook.Engine.Endpoints;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Cache;

/// <summary>An open server of a cache.</summary>
public sealed class CacheServer : IAsyncDisposable
{
    private readonly IHost _host;

    private CacheServer(CacheTarget target, IHost host, RedisOptions options, RedisConnection connection, RedisInfo info)
    {
        Target = target;
        _host = host;
        Options = options;
        Connection = connection;
        Info = info;
    }

    /// <summary>The cache that it belongs to.</summary>
    public CacheTarget Target { get; }

    /// <summary>Where it is and how to log in.</summary>
    public RedisOptions Options { get; }

    /// <summary>A connection to it.</summary>
    public RedisConnection Connection { get; }

    /// <summary>Server and port.</summary>
    public string Node => Connection.Target;

    /// <summary>It is a node of a cluster.</summary>
    public bool IsCluster => Info.Number("cluster_enabled") == 1;

    /// <summary>It is a replica.</summary>
    public bool IsReplica => Info.Text("role") == "slave";

    /// <summary>Id of the server's run; null when it may not be read.</summary>
    public string? RunId => Info.Text("run_id");

    /// <summary>What it said about itself when it was opened; empty when it may not be asked.</summary>
    internal RedisInfo Info { get; }

    /// <summary>Opens a server and asks what it is.</summary>
    /// <param name="target">The cache that it belongs to.</param>
    /// <param name="host">Where the connection starts.</param>
    /// <param name="options">Where it is and how to log in.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The server; the caller disposes it.</returns>
    /// <exception cref="OpsException">It cannot be reached or refuses the login: <c>Cache.…</c>.</exception>
    internal static async Task<CacheServer> OpenAsync(CacheTarget target, IHost host, RedisOptions options, CancellationToken cancellationToken)
    {
        var connection = await ConnectAsync(host, options, cancellationToken);
        try
        {
            // A look must not make a key seem used. Servers before 7.2 do not know this command and need not like it. It goes
            // first and alone, because a server that takes no client answers once and hangs up.
            var untouched = (await connection.PipelineAsync([new RedisCommand("CLIENT", "NO-TOUCH", "ON")], cancellationToken))[0];
            if (untouched.IsError && RedisErrors.IsTurnedAway(untouched.Text))
            {
                throw RedisErrors.FromReply(untouched, "CLIENT", connection.Target);
            }

            var replies = await connection.PipelineAsync(
                [new RedisCommand("INFO", "server"), new RedisCommand("INFO", "replication"), new RedisCommand("INFO", "cluster")],
                cancellationToken);
            var info = new RedisInfo(replies.Where(reply => !reply.IsError).Select(reply => reply.Text));
            var server = new CacheServer(target, host, options, connection, info) { LeavesKeysUntouched = !untouched.IsError };
            if (server is { IsCluster: true, IsReplica: true })
            {
                await connection.ExecuteAsync(new RedisCommand("READONLY"), cancellationToken);
            }

            return server;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Reading a key over this connection does not count as a use of it.</summary>
    public bool LeavesKeysUntouched { get; private init; }

    /// <summary>Opens another connection to the same server.</summary>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The connection; the caller disposes it.</returns>
    public Task<RedisConnection> ConnectAsync(CancellationToken cancellationToken) => ConnectAsync(_host, Options, cancellationToken);

    /// <summary>Opens a connection for <c>MONITOR</c>, whose lines are as long as the values in them.</summary>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The connection; the caller disposes it.</returns>
    public Task<RedisConnection> ConnectForLongLinesAsync(CancellationToken cancellationToken) =>
        ConnectAsync(_host, Options with { MaximumLineBytes = Options.MaximumBulkBytes }, cancellationToken);

    /// <summary>Opens another server with the same login.</summary>
    /// <param name="address">Its address as seen from the host.</param>
    /// <param name="port">Its port.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The server; the caller disposes it.</returns>
    public Task<CacheServer> OpenOtherAsync(string address, int port, CancellationToken cancellationToken) =>
        OpenAsync(Target, _host, Options with { Server = address, Port = port }, cancellationToken);

    /// <summary>Refuses a change on a replica, which would not take it.</summary>
    /// <exception cref="OpsException"><c>Cache.ReadOnlyReplica</c>.</exception>
    public void RequireMaster()
    {
        if (IsReplica && Info.Number("slave_read_only") != 0)
        {
            throw new OpsException(
                "Cache.ReadOnlyReplica",
                OpsErrorKind.Refused,
                $"{Node} is a read-only replica of {Info.Text("master_host")}:{Info.Text("master_port")}.",
                "Make the change on the master; its replicas follow.",
                Target.Name);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Connection.DisposeAsync();

    private static Task<RedisConnection> ConnectAsync(IHost host, RedisOptions options, CancellationToken cancellationToken)
    {
        var limit = options.ReplyTimeout ?? TimeSpan.FromSeconds(5);
        return Deadline.RunAsync(
            limit,
            token => RedisConnection.OpenAsync(host, options, token),
            () => RedisErrors.FromEndpoint(EndpointErrors.Timeout(EndpointErrors.HostPort(options.Server, options.Port), limit, "answer")),
            cancellationToken);
    }
}
