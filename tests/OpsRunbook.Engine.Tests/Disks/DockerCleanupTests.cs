using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using OpsRunbook.Engine.Disks.Cleaning;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Engine.Tests.Safety;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Disks;

/// <summary>Cleaning up a Docker Engine of our own with the images of a stack, some of them years old.</summary>
public sealed class DockerCleanupTests : IClassFixture<DockerCleanupTests.Engine>
{
    private readonly Engine _engine;
    private readonly MemoryJournal _journal = new();

    public DockerCleanupTests(Engine engine) => _engine = engine;

    [SkippableFact]
    public async Task What_a_service_goes_back_to_stays_and_still_works()
    {
        var docker = await _engine.GetAsync();
        var app = docker.NewName("registry.example:5000/shop/app");
        foreach (var version in Enumerable.Range(1, 6))
        {
            await LoadAsync(docker, new DateTime(2026, 1, version, 0, 0, 0, DateTimeKind.Utc), version, app + ":" + version);
        }

        var nameless = await LoadAsync(docker, new DateTime(2025, 1, 1, 0, 0, 0, DateTimeKind.Utc), 7, null);
        var tool = docker.NewName("tool");
        await LoadAsync(docker, new DateTime(2025, 1, 1, 0, 0, 0, DateTimeKind.Utc), 8, tool + ":1");
        var container = docker.NewName("api");
        await docker.RunContainerAsync("--name", container, app + ":5");
        var stack = Stack(docker);
        stack.Services["api"] = new StackService { Manager = ServiceManagerKind.Docker, Unit = container, Image = app + ":5" };

        var plan = await CleanAsync(stack, DiskCleanupCategory.Image, isWhatIf: true);
        var output = await CleanAsync(stack, DiskCleanupCategory.Image);

        // The current one, one to go back to, and one that is about to be deployed stay; what came from no registry is too risky.
        Assert.Empty(output.Errors);
        Assert.Equal([app + ":4", app + ":5", app + ":6", tool + ":1"], await ImagesAsync(docker, app, tool));
        var own = Items(output).Where(item => item.Target == nameless || item.Target.StartsWith(app, StringComparison.Ordinal)).ToList();
        Assert.All(own, item => Assert.Equal(DiskCleanupOutcome.Done, item.Outcome));
        Assert.Equal([nameless, app + ":1", app + ":2", app + ":3"], own.Select(item => item.Target));
        Assert.Equal([DiskCleanupRisk.Low, DiskCleanupRisk.Medium, DiskCleanupRisk.Medium, DiskCleanupRisk.Medium], own.Select(item => item.Risk));
        Assert.Equal(DiskCleanupOutcome.NotNeeded, Items(plan).Single(item => item.Target == tool + ":1").Outcome);
        Assert.Contains("api has newer ones", Items(plan).Single(item => item.Target == app + ":3").Reason, StringComparison.Ordinal);

        await docker.ExecuteAsync("rm", "-f", container);
        await docker.RunContainerAsync("--name", container, app + ":4");
        Assert.Equal("4\n", await docker.ExecuteAsync("exec", container, "busybox", "head", "-n", "1", "/version"));
    }

    [SkippableFact]
    public async Task What_compose_built_is_known_by_its_labels_also_without_a_name()
    {
        var docker = await _engine.GetAsync();
        var project = docker.NewName("shop");
        var labels = new Dictionary<string, string> { ["com.docker.compose.project"] = project, ["com.docker.compose.service"] = "web" };
        var ids = new List<string>();
        foreach (var version in Enumerable.Range(11, 3))
        {
            ids.Add(await LoadAsync(docker, new DateTime(2026, 1, version, 0, 0, 0, DateTimeKind.Utc), version, null, labels));
        }

        await docker.RunContainerAsync("--label", $"com.docker.compose.project={project}", "--label", "com.docker.compose.service=web", ids[2]);
        var stack = Stack(docker);
        stack.Services["web"] = new StackService { Manager = ServiceManagerKind.Compose, Project = project };

        var output = await CleanAsync(stack, DiskCleanupCategory.Image);

        Assert.Empty(output.Errors);
        Assert.Equal(ids[0], Assert.Single(Items(output), item => ids.Contains(item.Target)).Target);
        var left = await docker.ExecuteAsync("images", "-aq", "--no-trunc");
        Assert.Equal([false, true, true], ids.Select(id => left.Contains(id, StringComparison.Ordinal)));
    }

    [SkippableFact]
    public async Task Another_stack_on_the_same_engine_can_go_back_too()
    {
        var docker = await _engine.GetAsync();
        var other = docker.NewName("other");
        foreach (var version in (int[])[31, 32, 33])
        {
            await LoadAsync(docker, new DateTime(2026, 1, version - 30, 0, 0, 0, DateTimeKind.Utc), version, other + ":" + version);
        }

        await docker.RunContainerAsync("--label", "com.docker.compose.project=other", "--label", "com.docker.compose.service=web", other + ":33");

        var output = await CleanAsync(Stack(docker), DiskCleanupCategory.Image);

        Assert.Empty(output.Errors);
        Assert.Equal([other + ":32", other + ":33"], await ImagesAsync(docker, other));
    }

    [SkippableFact]
    public async Task An_image_that_is_used_again_before_its_turn_stays()
    {
        var docker = await _engine.GetAsync();
        var app = docker.NewName("late");
        foreach (var version in (int[])[21, 22, 23])
        {
            await LoadAsync(docker, new DateTime(2026, 1, version - 20, 0, 0, 0, DateTimeKind.Utc), version, app + ":" + version);
        }

        var stack = Stack(docker);
        stack.Services["late"] = new StackService { Manager = ServiceManagerKind.Docker, Unit = "late-is-not-there", Image = app + ":23" };

        var output = await CleanAsync(stack, DiskCleanupCategory.Image, answer: target =>
        {
            if (target.StartsWith(app, StringComparison.Ordinal))
            {
                docker.CreateContainerAsync(app + ":21").GetAwaiter().GetResult();
            }

            return true;
        });

        var item = Assert.Single(Items(output), item => item.Target == app + ":21");
        Assert.Equal(DiskCleanupOutcome.Changed, item.Outcome);
        Assert.Contains("uses it now", item.Message, StringComparison.Ordinal);
        Assert.Equal([app + ":21", app + ":22", app + ":23"], await ImagesAsync(docker, app));
    }

    [SkippableFact]
    public async Task Only_ended_containers_of_nobody_go_and_their_volumes_stay()
    {
        var docker = await _engine.GetAsync();
        var (nobody, member, always, running, composed) = (docker.NewName("nobody"), docker.NewName("member"), docker.NewName("always"), docker.NewName("running"), docker.NewName("composed"));
        var volume = docker.NewName("data");
        string[] write = [DockerEngine.BusyboxImage, "busybox", "sh", "-c", "head -c 3000000 /dev/zero > /written"];
        await docker.RunContainerAsync(["--name", nobody, "-v", volume + ":/data", .. write]);
        await docker.RunContainerAsync(["--name", member, .. write]);
        await docker.RunContainerAsync(["--name", composed, "--label", "com.docker.compose.project=other", .. write]);
        await docker.RunContainerAsync(["--name", always, "--restart", "unless-stopped", .. write[..4], "head -c 3000000 /dev/zero > /written; sleep 1000"]);
        await docker.RunContainerAsync(["--name", running, .. write[..4], "head -c 3000000 /dev/zero > /written; exec sleep 1000"]);
        await docker.ExecuteAsync("wait", nobody, member, composed);
        await docker.ExecuteAsync("stop", "-t", "0", always);
        var stack = Stack(docker);
        stack.Services["api"] = new StackService { Manager = ServiceManagerKind.Docker, Unit = member };

        var output = await CleanAsync(stack, DiskCleanupCategory.Container);

        Assert.Empty(output.Errors);
        Assert.Equal(nobody, Assert.Single(Items(output)).Target);
        var left = (await docker.ExecuteAsync("ps", "-a", "--format", "{{.Names}}")).Split('\n');
        Assert.Equal([false, true, true, true, true], new[] { nobody, member, always, running, composed }.Select(name => left.Contains(name)));
        Assert.Contains(volume, await docker.ExecuteAsync("volume", "ls", "-q"), StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task The_build_cache_goes_first()
    {
        var docker = await _engine.GetAsync();
        var folder = TestRun.NewFolder("build");
        await File.WriteAllTextAsync(folder + "/Dockerfile", $"FROM {DockerEngine.BusyboxImage}\nCOPY big /big\n");
        await File.WriteAllBytesAsync(folder + "/big", RandomNumberGenerator.GetBytes(5_000_000));
        var name = docker.NewName("built");

        // The engine has BuildKit; the client would need a plug-in for it.
        await Tool.RunAsync("sh", ["-c", "tar -C \"$0\" -c . | curl -sS --fail --unix-socket \"$1\" -H 'Content-Type: application/x-tar' --data-binary @- \"http://docker/build?version=2&t=$2\"", folder, docker.Socket, name]);
        await docker.ExecuteAsync("rmi", name);

        var output = await CleanAsync(Stack(docker), DiskCleanupCategory.BuildCache);

        var item = Assert.Single(Items(output));
        Assert.Equal((DiskCleanupOutcome.Done, DiskCleanupRisk.None), (item.Outcome, item.Risk));
        Assert.InRange(item.SizeBytes, 5_000_000, 30_000_000);
        Assert.Empty(Items(await CleanAsync(Stack(docker), DiskCleanupCategory.BuildCache)));
    }

    private async Task<RecordedOutput> CleanAsync(OpsStack stack, DiskCleanupCategory category, bool isWhatIf = false, Func<string, bool>? answer = null)
    {
        var output = new RecordedOutput { IsWhatIf = isWhatIf, Answer = answer ?? (_ => true) };
        await using var session = new StackSession(stack);
        var request = new DiskCleanupRequest { TargetPercent = 0.01, Paths = [_engine.Data], Categories = [category], KeepContainers = TimeSpan.Zero };
        await new DiskCleaner(session, request, new ChangeRunner(output, _journal, new ChangeOrigin("Clear-DiskSpace", "shop")), output).RunAsync(session.Host(null), CancellationToken.None);
        return output;
    }

    private static OpsStack Stack(DockerEngine docker) => new() { Name = "shop", Hosts = { [LocalHost.LocalName] = new StackHost { Docker = docker.Address } } };

    private static List<DiskCleanupItem> Items(RecordedOutput output) => output.Items.OfType<DiskCleanupItem>().ToList();

    private static async Task<IEnumerable<string>> ImagesAsync(DockerEngine docker, params string[] repositories) =>
        (await docker.ExecuteAsync("images", "--format", "{{.Repository}}:{{.Tag}}")).Split('\n').Where(image => Array.Exists(repositories, repository => image.StartsWith(repository + ":", StringComparison.Ordinal))).Order(StringComparer.Ordinal);

    // An image archive as docker save makes it: the time of its making is what its configuration says.
    private static async Task<string> LoadAsync(DockerEngine docker, DateTime created, int version, string? tag, Dictionary<string, string>? labels = null)
    {
        using var layer = new MemoryStream();
        await using (var tar = new TarWriter(layer, leaveOpen: true))
        {
            tar.WriteEntry(Tool.Require("busybox", "Docker", "busybox-static"), "bin/busybox");
            var content = new MemoryStream([.. Encoding.ASCII.GetBytes(version + "\n"), .. RandomNumberGenerator.GetBytes(2_000_000)]);
            tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, "version") { DataStream = content });
        }

        var configuration = JsonSerializer.SerializeToUtf8Bytes(new
        {
            architecture = "amd64",
            os = "linux",
            created,
            config = new { Cmd = (string[])["/bin/busybox", "sleep", "1000"], Env = (string[])["PATH=/bin"], Labels = labels },
            rootfs = new { type = "layers", diff_ids = (string[])["sha256:" + Convert.ToHexString(SHA256.HashData(layer.ToArray())).ToLowerInvariant()] },
        });
        var id = Convert.ToHexString(SHA256.HashData(configuration)).ToLowerInvariant();
        var manifest = JsonSerializer.SerializeToUtf8Bytes(new object[] { new { Config = id + ".json", RepoTags = tag is null ? [] : (string[])[tag], Layers = (string[])["layer.tar"] } });
        var archive = Path.Combine(TestRun.NewFolder("image"), "image.tar");
        await using (var tar = new TarWriter(File.Create(archive)))
        {
            foreach (var (name, content) in new[] { (id + ".json", configuration), ("layer.tar", layer.ToArray()), ("manifest.json", manifest) })
            {
                tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(content) });
            }
        }

        await docker.ExecuteAsync("load", "-q", "-i", archive);
        File.Delete(archive);
        return "sha256:" + id;
    }

    /// <summary>One engine for the tests of this class.</summary>
    public sealed class Engine : IAsyncLifetime
    {
        private DockerEngine? _docker;

        public string Data => _docker!.Folder + "/data";

        public async Task<DockerEngine> GetAsync() => _docker ??= await Servers.NewDockerAsync();

        public Task InitializeAsync() => Task.CompletedTask;

        public async Task DisposeAsync()
        {
            if (_docker is not null)
            {
                await _docker.DisposeAsync();
            }
        }
    }
}
