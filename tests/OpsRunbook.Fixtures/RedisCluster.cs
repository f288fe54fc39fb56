namespace OpsRunbook.Fixtures;

/// <summary>A Redis cluster of three masters on loopback, with replicas if wanted.</summary>
public sealed class RedisCluster : IAsyncDisposable
{
    private const int Masters = 3;
    private readonly List<RedisServer> _nodes = [];
    private readonly List<RedisServer> _replicas = [];

    private RedisCluster()
    {
    }

    /// <summary>The masters. Any of them answers for the cluster.</summary>
    public IReadOnlyList<RedisServer> Nodes => _nodes;

    /// <summary>The replicas.</summary>
    public IReadOnlyList<RedisServer> Replicas => _replicas;

    /// <summary>Password of all nodes.</summary>
    public string Password => _nodes[0].Password;

    /// <summary>Sends a command to whichever node it belongs to.</summary>
    /// <param name="arguments">The command and its arguments.</param>
    /// <returns>The answer.</returns>
    public Task<string> ExecuteAsync(params string[] arguments) => _nodes[0].ExecuteAsync(["-c", .. arguments]);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes.Concat(_replicas))
        {
            await node.DisposeAsync();
        }
    }

    internal static async Task<RedisCluster> CreateAsync(int replicas)
    {
        var cluster = new RedisCluster();
        try
        {
            var password = TestRun.NewPassword();
            for (var i = 0; i < Masters * (1 + replicas); i++)
            {
                (i < Masters ? cluster._nodes : cluster._replicas).Add(await RedisServer.CreateAsync(
                    RedisKind.Plain,
                    password,
                    ["cluster-enabled yes", $"cluster-port {TestRun.FreePort()}", "cluster-config-file nodes.conf", "cluster-node-timeout 5000", $"masterauth {password}"]));
            }

            await Tool.RunAsync(
                Tool.Require("redis-cli", "Redis", "redis-tools"),
                [
                    "--no-auth-warning", "--cluster", "create", .. cluster._nodes.Concat(cluster._replicas).Select(node => $"127.0.0.1:{node.Port}"),
                    "--cluster-replicas", $"{replicas}", "--cluster-yes",
                ],
                environment: new Dictionary<string, string> { ["REDISCLI_AUTH"] = cluster.Password },
                timeout: TimeSpan.FromSeconds(60));
            foreach (var node in cluster._nodes)
            {
                await node.WaitForAsync("cluster_state:ok", "CLUSTER", "INFO");
            }

            foreach (var replica in cluster._replicas)
            {
                await replica.WaitForAsync("master_link_status:up", "INFO", "replication");
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
