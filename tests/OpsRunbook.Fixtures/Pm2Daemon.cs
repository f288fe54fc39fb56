using System.Text.Json;

namespace OpsRunbook.Fixtures;

/// <summary>
/// A pm2 daemon with a home of its own. It is this process's own from then on: <c>PM2_HOME</c> and
/// <c>PATH</c> are set so that what the tests run finds it.
/// </summary>
public sealed class Pm2Daemon
{
    private readonly string _program;
    private readonly Dictionary<string, string> _environment;

    private Pm2Daemon(string program)
    {
        _program = program;
        Folder = TestRun.NewFolder("pm2");
        _environment = new Dictionary<string, string>
        {
            ["PM2_HOME"] = Folder,
            ["PATH"] = $"{Path.GetDirectoryName(program)}:{Path.GetDirectoryName(SampleApp.NodeFile)}:{Environment.GetEnvironmentVariable("PATH")}",
        };
    }

    /// <summary>Its home (<c>PM2_HOME</c>).</summary>
    public string Folder { get; }

    /// <summary>Process id of the daemon.</summary>
    public int Pid => int.Parse(File.ReadAllText(Path.Combine(Folder, "pm2.pid")));

    /// <summary>Environment for programs that are to use this daemon.</summary>
    public IReadOnlyDictionary<string, string> ClientEnvironment => _environment;

    /// <summary>Runs <c>pm2</c>.</summary>
    /// <param name="arguments">Its arguments.</param>
    /// <returns>What it printed.</returns>
    public Task<string> ExecuteAsync(params string[] arguments) => Tool.RunAsync(_program, arguments, environment: _environment, folder: Folder);

    /// <summary>Starts the sample application under pm2 and waits until it listens.</summary>
    /// <param name="name">Name of the application.</param>
    /// <param name="port">Its port.</param>
    /// <param name="dependencies">What it connects to for <c>/api/v1/health/ready</c>, such as <c>db=127.0.0.1:5432</c>.</param>
    /// <returns>Its control file; write <see cref="SampleApp.Control"/> to it.</returns>
    public async Task<string> StartAppAsync(string name, int port, params string[] dependencies)
    {
        var control = Path.Combine(Folder, name + ".control.json");
        var ecosystem = Path.Combine(Folder, name + ".config.json");
        await File.WriteAllTextAsync(ecosystem, JsonSerializer.Serialize(new
        {
            apps = new[]
            {
                new
                {
                    name,
                    script = SampleApp.ScriptFile,
                    exec_mode = "fork",
                    instances = 1,
                    env = new Dictionary<string, string>
                    {
                        ["PORT"] = port.ToString(),
                        ["DEPENDENCIES"] = string.Join(',', dependencies),
                        ["CONTROL"] = control,
                    },
                },
            },
        }));
        await ExecuteAsync("start", ecosystem);
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(2) };
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                _ = await client.GetStringAsync(new Uri($"http://127.0.0.1:{port}/metrics"));
                return control;
            }
            catch (Exception exception) when (attempt < 100 && exception is HttpRequestException or TaskCanceledException)
            {
                await Task.Delay(100);
            }
        }
    }

    internal static async Task<Pm2Daemon> CreateAsync()
    {
        _ = SampleApp.NodeFile;
        var program = Tool.Find("pm2")
            ?? (File.Exists(InCache) ? InCache : throw new ServerUnavailableException("pm2", "there is no pm2 (npm install --global pm2)"));
        var daemon = new Pm2Daemon(program);

        // The first run starts the daemon, in a session of its own.
        await daemon.ExecuteAsync("ping");
        TestRun.Watch(daemon.Pid, "TERM");
        foreach (var (name, value) in daemon.ClientEnvironment)
        {
            Environment.SetEnvironmentVariable(name, value);
        }

        return daemon;
    }

    private static string InCache => Path.Combine(TestRun.CacheFolder, "npm", "node_modules", ".bin", "pm2");
}
