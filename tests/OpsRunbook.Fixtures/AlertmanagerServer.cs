using System.Net.Http;

namespace OpsRunbook.Fixtures;

/// <summary>An Alertmanager that notifies nobody.</summary>
public sealed class AlertmanagerServer : ServerProcess
{
    private readonly string _program;

    private AlertmanagerServer(string program)
        : base("alertmanager") => _program = program;

    /// <summary>Its base address.</summary>
    public string Url => $"http://127.0.0.1:{Port}";

    /// <summary>Server and port as Prometheus is given.</summary>
    public string Address => $"127.0.0.1:{Port}";

    /// <summary>Makes an alert fire.</summary>
    /// <param name="labels">Its labels.</param>
    /// <returns>A task.</returns>
    public async Task FireAsync(IReadOnlyDictionary<string, string> labels)
    {
        using var http = new HttpClient();
        using var body = new StringContent(
            System.Text.Json.JsonSerializer.Serialize(new[] { new { labels, annotations = new { summary = "made by a test" } } }), System.Text.Encoding.UTF8, "application/json");
        (await http.PostAsync(new Uri(Url + "/api/v2/alerts"), body)).EnsureSuccessStatusCode();
    }

    internal static async Task<AlertmanagerServer> CreateAsync()
    {
        var server = new AlertmanagerServer(Tool.Require("prometheus-alertmanager", "Alertmanager", "prometheus-alertmanager"));
        await File.WriteAllTextAsync(Path.Combine(server.Folder, "alertmanager.yml"), "route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n");
        await server.StartAsync();
        return server;
    }

    private protected override IEnumerable<string> Command() =>
    [
        _program, $"--config.file={Folder}/alertmanager.yml", $"--storage.path={Folder}/data", $"--web.listen-address=127.0.0.1:{Port}", "--cluster.listen-address=", "--log.level=warn",
    ];

    private protected override async Task AskAsync()
    {
        using var http = new HttpClient();
        (await http.GetAsync(new Uri(Url + "/-/ready"))).EnsureSuccessStatusCode();
    }
}
