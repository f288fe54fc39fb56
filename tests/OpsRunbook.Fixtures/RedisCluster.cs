namespace OpsRunbook.Fixtures;

/// <summary>A Redis cluster of three masters on loopback.</summary>
public sealed class RedisCluster : IAsyncDisposable
{
    private const int Masters = 3;
    private readonly List<RedisServer> _nodes = [];

    private RedisCluster()
    {
    }

    /// <summary>The masters. Any of them answers for the cluster.</summary>
    public IReadOnlyList<RedisServer> Nodes => _nodes;

    /// <summary>Password of all nodes.</summary>
    public string Password => _nodes[0].Password;

    /// <summary>Sends a command to whichever node it belongs to.</summary>
    /// <param name="arguments">The command and its arguments.</param>
    /// <returns>The answer.</returns>
    public Task<string> ExecuteAsync(params string[] arguments) => _nodes[0].ExecuteAsync(["-c", .. arguments]);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }
    }

    internal static async Task<RedisCluster> CreateAsync()
    {
        var cluster = new RedisCluster();
        try
        {
            string? password = null;
            for (var i = 0; i < Masters; i++)
            {
                var node = await RedisServer.CreateAsync(
                    RedisKind.Plain, password, ["cluster-enabled yes", $"cluster-port {TestRun.FreePort()}", "cluster-config-file nodes.conf", "cluster-node-timeout 5000"]);
                cluster._nodes.Add(node);
                password = node.Password;
            }

            await Tool.RunAsync(
                Tool.Require("redis-cli", "Redis", "redis-tools"),
                ["--no-auth-warning", "--cluster", "create", .. cluster._nodes.Select(node => $"127.0.0.1:{node.Port}"), "--cluster-yes"],
                environment: new Dictionary<string, string> { ["REDISCLI_AUTH"] = cluster.Password },
                timeout: TimeSpan.FromSeconds(60));
            foreach (var node in cluster._nodes)
            {
                await node.WaitForAsync("cluster_state:ok", "CLUSTER", "INFO");
            }

            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }
}
