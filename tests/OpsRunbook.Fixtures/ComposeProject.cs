namespace OpsRunbook.Fixtures;

/// <summary>A compose project of one test.</summary>
public sealed class ComposeProject : IAsyncDisposable
{
    private readonly DockerEngine _engine;
    private readonly string[] _program;
    private readonly IReadOnlyDictionary<string, string> _environment;

    private ComposeProject(DockerEngine engine, string[] program, string name, IReadOnlyDictionary<string, string> environment)
    {
        _engine = engine;
        _program = program;
        Name = name;
        Folder = TestRun.NewFolder("compose");
        _environment = new Dictionary<string, string>(environment) { ["DOCKER_HOST"] = engine.Address };
    }

    /// <summary>Project name.</summary>
    public string Name { get; }

    /// <summary>Folder of the compose file.</summary>
    public string Folder { get; }

    /// <summary>The compose file.</summary>
    public string File => Path.Combine(Folder, "docker-compose.yml");

    /// <summary>Runs the compose tool for this project.</summary>
    /// <param name="arguments">Its arguments, such as <c>stop</c>, <c>db</c>.</param>
    /// <returns>What it printed.</returns>
    public Task<string> ExecuteAsync(params string[] arguments) => Tool.RunAsync(
        _program[0], [.. _program[1..], "-p", Name, "-f", File, .. arguments], environment: _environment, timeout: TimeSpan.FromMinutes(3), folder: Folder);

    /// <summary>Takes the project down with its volumes.</summary>
    /// <returns>A task.</returns>
    public async ValueTask DisposeAsync()
    {
        await ExecuteAsync("down", "--volumes", "--timeout", "1");
        Directory.Delete(Folder, recursive: true);
    }

    internal static async Task<ComposeProject> CreateAsync(
        DockerEngine engine, string name, string yaml, IReadOnlyDictionary<string, string> environment, IReadOnlyDictionary<string, string> files)
    {
        string[] program;
        if (Tool.Find("docker-compose") is { } compose)
        {
            program = [compose];
        }
        else if ((await Tool.TryRunAsync("docker", ["compose", "version"])).ExitCode == 0)
        {
            program = ["docker", "compose"];
        }
        else
        {
            throw new ServerUnavailableException("Compose", "there is no docker-compose (package docker-compose)");
        }

        var project = new ComposeProject(engine, program, name, environment);
        await System.IO.File.WriteAllTextAsync(project.File, yaml);
        foreach (var (file, content) in files)
        {
            await System.IO.File.WriteAllTextAsync(Path.Combine(project.Folder, file), content);
        }

        var filter = $"--filter label=com.docker.compose.project={name}";
        TestRun.AtEnd($"docker -H {engine.Address} ps -aq {filter} | xargs -r docker -H {engine.Address} rm -fv; docker -H {engine.Address} network prune -f {filter}");
        await project.ExecuteAsync("up", "-d");
        return project;
    }
}
