namespace OpsRunbook.Fixtures;

/// <summary>
/// An nginx server. Without a configuration of the test's own it serves <see cref="HtmlFolder"/> over
/// HTTP and HTTPS, with <c>/stub_status</c>.
/// </summary>
public sealed class NginxServer : ServerProcess
{
    private static readonly TimeSpan ReloadPatience = TimeSpan.FromSeconds(20);
    private readonly string _program;

    private NginxServer(string program)
        : base("nginx") => _program = program;

    /// <summary>Port of HTTPS.</summary>
    public int TlsPort { get; } = TestRun.FreePort();

    /// <summary>Authority of its certificate, which is for <c>localhost</c> and <c>127.0.0.1</c>.</summary>
    public string TlsCaFile => TestCertificates.CaFile;

    /// <summary>Processes that serve.</summary>
    public int Workers { get; private init; } = 1;

    /// <summary>Files that it serves; there is an <c>index.html</c>.</summary>
    public string HtmlFolder => Path.Combine(Folder, "html");

    /// <summary>Its main configuration file.</summary>
    public string ConfigFile => Path.Combine(Folder, "nginx.conf");

    /// <summary>Its access log, in the combined format.</summary>
    public string AccessLogFile => Path.Combine(Folder, "access.log");

    /// <summary>Its error log.</summary>
    public string ErrorLogFile => Path.Combine(Folder, "error.log");

    /// <summary>Address over HTTP.</summary>
    public string Url => $"http://127.0.0.1:{Port}/";

    /// <summary>Address over HTTPS.</summary>
    public string TlsUrl => $"https://localhost:{TlsPort}/";

    /// <summary>Writes another <c>http</c> block content and reloads.</summary>
    /// <param name="servers">Content of the <c>http</c> block.</param>
    /// <returns>A task.</returns>
    public async Task ReloadAsync(string servers)
    {
        await WriteConfigAsync(servers);
        await Tool.GiveAsync("www-data", ConfigFile);
        var before = Serving();
        await SignalAsync("HUP");

        // The workers of before answer until they have been told to end.
        for (var watch = System.Diagnostics.Stopwatch.StartNew(); Serving().Overlaps(before) && watch.Elapsed < ReloadPatience;)
        {
            await Task.Delay(10);
        }
    }

    internal static async Task<NginxServer> CreateAsync(Func<NginxServer, string>? servers, int workers = 1)
    {
        var server = new NginxServer(Tool.Require("nginx", "nginx", "nginx-light")) { Workers = workers };
        _ = Tool.As("www-data", "nginx");
        Directory.CreateDirectory(server.HtmlFolder);
        Directory.CreateDirectory(Path.Combine(server.Folder, "tmp"));
        await File.WriteAllTextAsync(Path.Combine(server.HtmlFolder, "index.html"), "hello\n");
        File.Copy(TestCertificates.Localhost.ChainFile, Path.Combine(server.Folder, "cert.pem"));
        File.Copy(TestCertificates.Localhost.KeyFile, Path.Combine(server.Folder, "key.pem"));
        await server.WriteConfigAsync((servers ?? DefaultServers)(server));
        await Tool.GiveAsync("www-data", server.Folder);
        await server.StartAsync();
        return server;
    }

    private protected override IEnumerable<string> Command() =>
        [.. Tool.As("www-data", "nginx"), _program, "-p", Folder + "/", "-c", ConfigFile, "-e", ErrorLogFile];

    // A worker that only finishes its requests says so in its title.
    private HashSet<string> Serving() =>
    [
        .. File.ReadAllText($"/proc/{Pid}/task/{Pid}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Where(child => TitleOf(child) is var title && title.Contains("worker process", StringComparison.Ordinal) && !title.Contains("shutting down", StringComparison.Ordinal)),
    ];

    private static string TitleOf(string pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline");
        }
        catch (IOException)
        {
            return string.Empty;
        }
    }

    private protected override async Task AskAsync()
    {
        // Any answer will do: what is at / is the configuration's business.
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        using var response = await client.GetAsync(new Uri(Url), HttpCompletionOption.ResponseHeadersRead);
    }

    private static string DefaultServers(NginxServer nginx) => $$"""
        server {
          listen 127.0.0.1:{{nginx.Port}};
          listen 127.0.0.1:{{nginx.TlsPort}} ssl http2;
          server_name localhost;
          ssl_certificate {{nginx.Folder}}/cert.pem;
          ssl_certificate_key {{nginx.Folder}}/key.pem;
          root {{nginx.HtmlFolder}};
          location = /stub_status { stub_status; }
        }
        """;

    private Task WriteConfigAsync(string servers) => File.WriteAllTextAsync(ConfigFile, $$"""
        worker_processes {{Workers}};
        daemon off;
        pid {{Folder}}/nginx.pid;
        error_log {{ErrorLogFile}} notice;
        events { worker_connections 512; }
        http {
          access_log {{AccessLogFile}};
          client_body_temp_path {{Folder}}/tmp/body;
          proxy_temp_path {{Folder}}/tmp/proxy;
          fastcgi_temp_path {{Folder}}/tmp/fastcgi;
          uwsgi_temp_path {{Folder}}/tmp/uwsgi;
          scgi_temp_path {{Folder}}/tmp/scgi;
          types { text/html html; application/json json; }
          default_type text/plain;
        {{servers}}
        }

        """);
}
