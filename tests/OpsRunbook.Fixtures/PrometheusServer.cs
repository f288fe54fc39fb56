using System.Net.Http;

namespace OpsRunbook.Fixtures;

/// <summary>A Prometheus server that scrapes and evaluates every 200 ms.</summary>
public sealed class PrometheusServer : ServerProcess
{
    private readonly string _program;

    private PrometheusServer(string program)
        : base("prometheus") => _program = program;

    /// <summary>Its base address.</summary>
    public string Url => $"http://127.0.0.1:{Port}";

    /// <summary>Folder of its rule files, read at each start.</summary>
    public string RulesFolder => Path.Combine(Folder, "rules");

    internal static async Task<PrometheusServer> CreateAsync(IReadOnlyDictionary<string, string> jobs, string? alertmanager, string? rules)
    {
        var server = new PrometheusServer(Tool.Require("prometheus", "Prometheus", "prometheus"));
        Directory.CreateDirectory(server.RulesFolder);
        if (rules is not null)
        {
            await File.WriteAllTextAsync(Path.Combine(server.RulesFolder, "rules.yml"), rules);
        }

        var scrapes = string.Concat(jobs.Select(job => $"  - job_name: {job.Key}\n    static_configs: [{{ targets: ['{job.Value}'] }}]\n"));
        var alerting = alertmanager is null ? string.Empty : $"alerting:\n  alertmanagers:\n    - static_configs: [{{ targets: ['{alertmanager}'] }}]\n";
        await File.WriteAllTextAsync(
            Path.Combine(server.Folder, "prometheus.yml"),
            $"global: {{ scrape_interval: 200ms, scrape_timeout: 200ms, evaluation_interval: 200ms }}\nrule_files: ['{server.RulesFolder}/*.yml']\n{alerting}scrape_configs:\n  - job_name: self\n    static_configs: [{{ targets: ['127.0.0.1:{server.Port}'] }}]\n{scrapes}");
        await server.StartAsync();
        return server;
    }

    private protected override IEnumerable<string> Command() =>
    [
        _program, $"--config.file={Folder}/prometheus.yml", $"--storage.tsdb.path={Folder}/data", $"--web.listen-address=127.0.0.1:{Port}", "--log.level=warn",
    ];

    private protected override async Task AskAsync()
    {
        using var http = new HttpClient();
        (await http.GetAsync(new Uri(Url + "/-/ready"))).EnsureSuccessStatusCode();
    }
}
