using System.Text.Json;
using OpsRunbook.Engine.Containers;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Containers;

public sealed class DockerUsagesTests
{
    [SkippableFact]
    public async Task Sizes_and_users_agree_with_docker_system_df()
    {
        var docker = await Servers.DockerAsync();
        var (used, unused, network) = (docker.NewName("used"), docker.NewName("unused"), docker.NewName("net"));
        var (runs, stopped) = (docker.NewName("runs"), docker.NewName("stopped"));
        await docker.ExecuteAsync("volume", "create", unused);
        await docker.ExecuteAsync("network", "create", network);
        await docker.RunContainerAsync("--name", runs, "-v", used + ":/data", DockerEngine.BusyboxImage);
        await docker.ExecuteAsync("network", "connect", network, runs);
        await docker.ExecuteAsync("exec", runs, "busybox", "sh", "-c", "dd if=/dev/zero of=/data/file bs=1k count=3000; dd if=/dev/zero of=/written bs=1k count=2000");
        await docker.RunContainerAsync("--name", stopped, DockerEngine.BusyboxImage, "busybox", "sh", "-c", "dd if=/dev/zero of=/written bs=1k count=1000");
        await docker.ExecuteAsync("wait", stopped);
        var image = docker.NewName("opsrunbook-test/derived");
        await docker.ExecuteAsync("commit", runs, image + ":1");
        await docker.ExecuteAsync("tag", image + ":1", image + ":two");
        var stack = new OpsStack
        {
            Hosts = { [LocalHost.LocalName] = new StackHost { Docker = docker.Address } },
            Services =
            {
                ["api"] = new StackService { Manager = ServiceManagerKind.Docker, Unit = runs },
                ["next"] = new StackService { Manager = ServiceManagerKind.Docker, Unit = "not-yet", Image = image + ":1" },
            },
        };
        await using var host = new LocalHost();

        var items = await DockerUsages.ReadAsync(host, stack, [], new NameFilter([]), default);
        using var df = JsonDocument.Parse(await docker.ExecuteAsync("system", "df", "-v", "--format", "{{json .}}"));

        // Other tests use the same engine, so only what is ours stays the same between the two readings.
        var volumes = Rows("Volumes", "Name", used, unused);
        Assert.All(volumes, row => Near(Text(row, "Size"), Find(DockerUsageKind.Volume, Text(row, "Name"))!.SizeBytes));
        Assert.All(volumes, row => Assert.Equal(Text(row, "Links") != "0", Find(DockerUsageKind.Volume, Text(row, "Name"))!.InUse));
        Assert.All(Rows("Containers", "Names", runs, stopped), row => Near(Text(row, "Size").Split(" (")[0], Find(DockerUsageKind.Container, Text(row, "Names"))!.SizeBytes));
        foreach (var row in Rows("Images", "Repository", image, DockerEngine.BusyboxImage.Split(':')[0]))
        {
            var item = items.Single(candidate => candidate.Kind == DockerUsageKind.Image && candidate.Id.Contains(Text(row, "ID"), StringComparison.Ordinal));
            Near(Text(row, "Size"), item.SizeBytes);
            Near(Text(row, "SharedSize"), item.SharedBytes);
            Near(Text(row, "UniqueSize"), item.SizeBytes - item.SharedBytes);
        }

        var volume = Find(DockerUsageKind.Volume, used)!;
        Assert.Equal((true, 0L, runs, "api"), (volume.InUse, volume.ReclaimableBytes!.Value, Assert.Single(volume.UsedBy), Assert.Single(volume.Services)));
        Assert.InRange(volume.SizeBytes!.Value, 3_072_000, 3_172_000);
        Assert.Equal((false, 0), (Find(DockerUsageKind.Volume, unused)!.InUse, Find(DockerUsageKind.Volume, unused)!.UsedBy.Count));
        Assert.Equal((true, 0L), (Find(DockerUsageKind.Container, runs)!.InUse, Find(DockerUsageKind.Container, runs)!.ReclaimableBytes!.Value));
        Assert.InRange(Find(DockerUsageKind.Container, stopped)!.ReclaimableBytes!.Value, 1_024_000, 1_124_000);

        // Its layers over busybox are its own; the stack needs it although no container does.
        var derived = items.Single(item => item.Kind == DockerUsageKind.Image && item.Tags.Contains(image + ":1"));
        Assert.Equal((false, 2, "next"), (derived.InUse, derived.Tags.Count, Assert.Single(derived.Services)));
        Assert.InRange(derived.ReclaimableBytes!.Value, 2_048_000, 2_148_000);
        Assert.True(derived.SharedBytes > 0);
        Assert.InRange(derived.Age!.Value, TimeSpan.FromSeconds(-5), TimeSpan.FromMinutes(10));
        Assert.Equal((true, null, runs), (Find(DockerUsageKind.Network, network)!.InUse, Find(DockerUsageKind.Network, network)!.SizeBytes, Assert.Single(Find(DockerUsageKind.Network, network)!.UsedBy)));

        var ofApi = await DockerUsages.ReadAsync(host, stack, [DockerUsageKind.Volume, DockerUsageKind.Container], new NameFilter(["api"]), default);
        Assert.Equal([runs, used], ofApi.Select(item => item.Name).Where(name => name == runs || name == stopped || name == used || name == unused));

        await docker.ExecuteAsync("rm", "-fv", runs, stopped);
        await docker.ExecuteAsync("volume", "rm", used, unused);
        await docker.ExecuteAsync("network", "rm", network);
        await docker.ExecuteAsync("rmi", image + ":1", image + ":two");

        List<JsonElement> Rows(string kind, string column, string first, string second)
        {
            var rows = df.RootElement.GetProperty(kind).EnumerateArray().Where(row => Text(row, column) == first || Text(row, column) == second).ToList();
            Assert.Equal(2, rows.Count);
            return rows;
        }

        DockerUsage? Find(DockerUsageKind kind, string name) => items.SingleOrDefault(item => item.Kind == kind && item.Name == name);
    }

    [SkippableFact]
    public async Task An_engine_that_is_not_there_is_named()
    {
        await using var host = new LocalHost();
        var stack = new OpsStack { Hosts = { [LocalHost.LocalName] = new StackHost { Docker = "unix:///nonexistent/docker.sock" } } };

        var error = await Assert.ThrowsAsync<OpsException>(() => DockerUsages.ReadAsync(host, stack, [], new NameFilter([]), default));

        Assert.Equal("Docker.SocketMissing", error.Id);
    }

    private static string Text(JsonElement row, string name) => row.GetProperty(name).GetString()!;

    // docker rounds to three or four digits.
    private static void Near(string shown, long? bytes)
    {
        var size = DockerText.Bytes(shown);
        Assert.True(bytes is not null && Math.Abs(bytes.Value - size) <= Math.Max(1, size * 0.006), $"docker says {shown}, we say {bytes}");
    }
}
