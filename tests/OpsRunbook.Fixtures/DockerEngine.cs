using System.Formats.Tar;
using System.Globalization;
using System.Security.Cryptography;

namespace OpsRunbook.Fixtures;

/// <summary>
/// A Docker Engine. As root it is one of our own with its own data, network and firewall rules, beside
/// whatever else runs; otherwise the machine's own, in which everything of ours is labelled and removed.
/// There is no registry: images are made of the programs of this machine.
/// </summary>
public sealed class DockerEngine : ServerProcess
{
    /// <summary>Image with busybox and nothing else.</summary>
    public const string BusyboxImage = "opsrunbook-test/busybox:1";

    /// <summary>Network for containers that publish ports or talk to each other.</summary>
    public const string Network = "opsrunbook";

    private static readonly string Label = "opsrunbook.tests=" + Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
    private readonly string? _daemon;
    private readonly string _client;
    private readonly SemaphoreSlim _imageGate = new(1);
    private readonly HashSet<string> _images = [];
    private int _containers;

    private DockerEngine(string? daemon, string client, string socket)
        : base("docker")
    {
        _daemon = daemon;
        _client = client;
        Socket = daemon is null ? socket : Path.Combine(Folder, "docker.sock");
    }

    /// <summary>Its Unix socket.</summary>
    public string Socket { get; }

    /// <summary>Its address as in <c>DOCKER_HOST</c>.</summary>
    public string Address => "unix://" + Socket;

    /// <summary>Environment for programs that are to use this engine.</summary>
    public IReadOnlyDictionary<string, string> ClientEnvironment => new Dictionary<string, string> { ["DOCKER_HOST"] = Address };

    /// <summary>Runs the <c>docker</c> client.</summary>
    /// <param name="arguments">Its arguments.</param>
    /// <returns>What it printed.</returns>
    public Task<string> ExecuteAsync(params string[] arguments) => ExecuteAsync(TimeSpan.FromMinutes(2), arguments);

    /// <summary>Starts a container that is removed when the test process ends, if not before.</summary>
    /// <param name="options">Options of <c>docker run</c>, image and command.</param>
    /// <returns>Its id.</returns>
    public async Task<string> RunContainerAsync(params string[] options) =>
        (await ExecuteAsync(["run", "--detach", "--label", Label, "--network", Network, .. options])).Trim();

    /// <summary>Creates a container without starting it; removed when the test process ends, if not before.</summary>
    /// <param name="options">Options of <c>docker create</c>, image and command.</param>
    /// <returns>Its id.</returns>
    public async Task<string> CreateContainerAsync(params string[] options) =>
        (await ExecuteAsync(["create", "--label", Label, "--network", Network, .. options])).Trim();

    /// <summary>A name for a container that no other one has.</summary>
    /// <param name="name">First part.</param>
    /// <returns>The name.</returns>
    public string NewName(string name) =>
        string.Create(CultureInfo.InvariantCulture, $"{name}-{Environment.ProcessId}-{Interlocked.Increment(ref _containers)}");

    /// <summary>An image of programs of this machine with their libraries, busybox, and whatever else is named.</summary>
    /// <param name="image">Name and tag.</param>
    /// <param name="programs">Absolute paths of programs; shared libraries are found by themselves.</param>
    /// <param name="trees">Folders and files to take as they are.</param>
    /// <param name="texts">Files to write: path and content.</param>
    /// <param name="changes">Dockerfile instructions such as <c>CMD</c>.</param>
    /// <returns>The name of the image.</returns>
    public async Task<string> ImageOfProgramsAsync(
        string image,
        IReadOnlyList<string> programs,
        IReadOnlyList<string>? trees = null,
        IReadOnlyDictionary<string, string>? texts = null,
        params string[] changes)
    {
        await _imageGate.WaitAsync();
        try
        {
            if (_images.Contains(image))
            {
                return image;
            }

            var archive = Path.Combine(TestRun.NewFolder("image"), "image.tar");
            await ProgramArchive.WriteAsync(archive, programs, trees ?? [], texts ?? new Dictionary<string, string>());
            await ImportAsync(archive, image, changes);
            File.Delete(archive);
            _images.Add(image);
            return image;
        }
        finally
        {
            _imageGate.Release();
        }
    }

    /// <summary>Imports a root file system as an image.</summary>
    /// <param name="archive">Tar file.</param>
    /// <param name="image">Name and tag.</param>
    /// <param name="changes">Dockerfile instructions such as <c>CMD</c>.</param>
    /// <returns>A task.</returns>
    public async Task ImportAsync(string archive, string image, params string[] changes)
    {
        await ExecuteAsync(TimeSpan.FromMinutes(5), ["import", .. changes.SelectMany(change => (string[])["--change", change]), archive, image]);
        if (_daemon is null)
        {
            TestRun.AtEnd($"docker -H {Address} image rm -f {image}");
        }
    }

    /// <summary>Starts the services of a compose file.</summary>
    /// <param name="yaml">The compose file.</param>
    /// <param name="environment">Variables for it.</param>
    /// <param name="files">Files to put beside it: name and content.</param>
    /// <returns>The project, up; disposing it takes it down.</returns>
    public Task<ComposeProject> NewComposeProjectAsync(
        string yaml, IReadOnlyDictionary<string, string>? environment = null, IReadOnlyDictionary<string, string>? files = null) =>
        ComposeProject.CreateAsync(this, NewName("opsr"), yaml, environment ?? new Dictionary<string, string>(), files ?? new Dictionary<string, string>());

    /// <inheritdoc/>
    public override async Task StopAsync()
    {
        if (IsRunning)
        {
            await Tool.TryRunAsync("/bin/sh", ["-c", CleanUp()]);
        }

        await base.StopAsync();
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await StopAsync();
        await Tool.TryRunAsync("/bin/sh", ["-c", "umount -l \"$0/data\"; rm -rf --one-file-system \"$0/data\"", Folder]);
        await base.DisposeAsync();
        _imageGate.Dispose();
        GC.SuppressFinalize(this);
    }

    internal static async Task<DockerEngine> CreateAsync()
    {
        const string Package = "docker.io";
        var client = Tool.Require("docker", "Docker", Package);
        if (Tool.IsRoot && Tool.Find("dockerd") is { } daemon)
        {
            var own = new DockerEngine(daemon, client, string.Empty);
            try
            {
                await own.StartAsync();
                await own.PrepareAsync();
                return own;
            }
            catch (InvalidOperationException exception) when (!own.IsRunning)
            {
                // Inside a container without rights an engine of our own cannot run; perhaps there is one to use.
                return await ForeignAsync(client) ?? throw new ServerUnavailableException("Docker", exception.Message);
            }
        }

        return await ForeignAsync(client)
            ?? throw new ServerUnavailableException("Docker", $"no engine runs, and without root and dockerd (package {Package}) none can be started");
    }

    private protected override IEnumerable<string> Command()
    {
        // The machine's /etc/docker/daemon.json is not ours; a pool of its own keeps engines side by side apart.
        var config = Path.Combine(Folder, "daemon.json");
        if (!File.Exists(config))
        {
            File.WriteAllText(config, $$"""{ "default-address-pools": [{ "base": "10.{{RandomNumberGenerator.GetInt32(200, 250)}}.0.0/16", "size": 24 }] }""");
        }

        return
        [
            _daemon!, "--host", Address, "--data-root", Path.Combine(Folder, "data"), "--exec-root", Path.Combine(Folder, "exec"),
            "--pidfile", Path.Combine(Folder, "pid"), "--config-file", config, "--bridge", "none", "--shutdown-timeout", "5",
        ];
    }

    private protected override async Task AskAsync() => await ExecuteAsync(TimeSpan.FromSeconds(20), "version", "--format", "{{.Server.Version}}");

    private static async Task<DockerEngine?> ForeignAsync(string client)
    {
        var address = Environment.GetEnvironmentVariable("DOCKER_HOST") ?? "unix:///var/run/docker.sock";
        if (!address.StartsWith("unix://", StringComparison.Ordinal)
            || (await Tool.TryRunAsync(client, ["-H", address, "version"])).ExitCode != 0)
        {
            return null;
        }

        var engine = new DockerEngine(null, client, address["unix://".Length..]);
        await engine.PrepareAsync();
        return engine;
    }

    private Task<string> ExecuteAsync(TimeSpan timeout, params string[] arguments) =>
        Tool.RunAsync(_client, ["-H", Address, .. arguments], timeout: timeout);

    private string CleanUp() =>
        $"docker -H {Address} ps -aq --filter label={Label} | xargs -r docker -H {Address} rm -fv; docker -H {Address} network prune -f --filter label={Label}";

    private async Task PrepareAsync()
    {
        TestRun.AtEnd(CleanUp());
        var networks = await ExecuteAsync("network", "ls", "--format", "{{.Name}}");
        if (!networks.Split('\n').Contains(Network))
        {
            await ExecuteAsync("network", "create", "--label", Label, Network);
        }

        var busybox = Tool.Require("busybox", "Docker", "busybox-static");
        await ImageOfProgramsAsync(BusyboxImage, [busybox], changes: """CMD ["sleep", "infinity"]""");
    }
}
