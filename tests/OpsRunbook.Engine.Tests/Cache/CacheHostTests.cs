using OpsRunbook.Engine.Cache;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Cache;

public sealed class CacheHostTests
{
    [SkippableFact]
    public async Task A_cache_behind_ssh_is_looked_at_and_cleaned_from_its_own_host()
    {
        var sshd = await Servers.SshdAsync();
        await using var server = await Servers.NewRedisAsync();
        await using var cache = new TestCache(server);
        cache.Hosts["far"] = new StackHost { Ssh = sshd.Destination, Identity = sshd.IdentityFile, Options = new Dictionary<string, string>(sshd.Options) };
        cache.Definition.Host = "far";
        await LookAndCleanAsync(cache);
        Assert.Equal("far", cache.Target.HostName);
    }

    [SkippableFact]
    public async Task A_cluster_behind_ssh_is_looked_at_as_a_whole()
    {
        var sshd = await Servers.SshdAsync();
        await using var cluster = await Servers.NewRedisClusterAsync(replicas: 1);
        await using var cache = new TestCache(cluster.Nodes[0]);
        cache.Hosts["far"] = new StackHost { Ssh = sshd.Destination, Identity = sshd.IdentityFile, Options = new Dictionary<string, string>(sshd.Options) };
        cache.Definition.Host = "far";
        for (var i = 0; i < 30; i++)
        {
            await cluster.ExecuteAsync("SET", $"k{i}", "x");
        }

        Assert.Equal(30, (await cache.FindAsync(new KeyQuery { Largest = 100 })).Count);
        Assert.Equal(3, (await StatusesAsync(cache)).Count);
        Assert.Equal(30, (await cache.RemoveAsync(new KeyRemovalRequest { Pattern = "k*" })).Removed);
    }

    // Whether it listens on the container's network or on its loopback address only, no port is published.
    [SkippableTheory]
    [InlineData("0.0.0.0")]
    [InlineData("127.0.0.1")]
    public async Task A_cache_in_a_container_is_looked_at_and_cleaned_without_a_published_port(string bind)
    {
        var docker = await Servers.DockerAsync();
        var image = await docker.ImageOfProgramsAsync("opsrunbook-test/redis:1", [Tool.Require("redis-server", "Redis", "redis-server"), Tool.Require("busybox", "Docker", "busybox-static")]);
        var name = docker.NewName("redis");
        var password = TestRun.NewPassword();
        await docker.RunContainerAsync("--name", name, image, "redis-server", "--bind", bind, "--requirepass", password, "--save", string.Empty, "--dir", "/tmp");
        try
        {
            await using var cache = new TestCache(new StackCache { Host = "box", Password = SecretReference.Parse(password), Timeout = TimeSpan.FromSeconds(20) });
            cache.Hosts["box"] = new StackHost { Container = name, Docker = docker.Address };
            await LookAndCleanAsync(cache);
        }
        finally
        {
            await docker.ExecuteAsync("rm", "-f", name);
        }
    }

    [SkippableFact]
    public async Task A_container_that_does_not_run_is_the_reason()
    {
        var docker = await Servers.DockerAsync();
        var name = docker.NewName("redis");
        await docker.CreateContainerAsync("--name", name, DockerEngine.BusyboxImage);
        try
        {
            await using var cache = new TestCache(new StackCache { Host = "box" });
            cache.Hosts["box"] = new StackHost { Container = name, Docker = docker.Address };
            var status = Assert.Single(await StatusesAsync(cache));
            Assert.NotEqual(HealthStatus.Healthy, status.Status);
            Assert.Contains(name, status.Message, StringComparison.Ordinal);
        }
        finally
        {
            await docker.ExecuteAsync("rm", "-f", name);
        }
    }

    private static async Task LookAndCleanAsync(TestCache cache)
    {
        var status = Assert.Single(await StatusesAsync(cache));
        for (var tries = 0; status.Status == HealthStatus.Critical && tries < 50; tries++)
        {
            // The server in a container has just been started.
            await Task.Delay(100);
            status = Assert.Single(await StatusesAsync(cache));
        }

        Assert.Equal((HealthStatus.Healthy, "master", 0L), (status.Status, status.Role, status.Keys));
        await cache.FillAsync(3000, i => new RedisCommand("SET", $"cache:{i}", new string('x', i % 50)));
        await cache.FillAsync(1, _ => new RedisCommand("SET", "big", new string('x', 5000)));

        Assert.Equal("big", Assert.Single(await cache.FindAsync(new KeyQuery { Largest = 1 })).Key);
        var removal = await cache.RemoveAsync(new KeyRemovalRequest { Pattern = "cache:*" });
        Assert.Equal((true, 3000L), (removal.Complete, removal.Removed));
        Assert.Equal(1, await cache.SizeAsync());
    }

    private static Task<IReadOnlyList<CacheStatus>> StatusesAsync(TestCache cache) =>
        cache.RunAsync<CacheStatus>(target => new CacheStatusReader(target, TimeSpan.FromMilliseconds(50), cache.Output).RunAsync(CancellationToken.None));
}
