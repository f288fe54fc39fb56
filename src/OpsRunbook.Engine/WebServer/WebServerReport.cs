using System.Text;
using System.Text.RegularExpressions;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Services;

namespace OpsRunbook.Engine.WebServer;

/// <summary>Gathers what is in effect in a configuration, and what is to be said about it.</summary>
internal sealed partial class WebServerReport
{
    // A WebSocket that says nothing for so long is cut off by nginx's own default of 60 seconds.
    private static readonly TimeSpan WebSocketSilence = TimeSpan.FromMinutes(5);

    private readonly NginxConfiguration _configuration;
    private readonly string _folder;
    private readonly TimeSpan? _proxyTimeout;
    private readonly List<WebServerFinding> _findings = [];
    private readonly List<WebServerSite> _sites = [];
    private readonly List<WebServerUpstream> _upstreams = [];

    /// <summary>Looks at a configuration.</summary>
    /// <param name="configuration">The configuration.</param>
    /// <param name="folder">Folder that relative paths start from.</param>
    /// <param name="proxyTimeout">How long a proxied request may stay silent; null when nobody says.</param>
    /// <param name="webSocketPaths">Paths that must let WebSockets through.</param>
    public WebServerReport(NginxConfiguration configuration, string folder, TimeSpan? proxyTimeout, IReadOnlyList<string> webSocketPaths)
    {
        (_configuration, _folder, _proxyTimeout) = (configuration, folder, proxyTimeout);
        AddSites(webSocketPaths);
        AddUpstreams();
    }

    /// <summary>Takes what nginx says.</summary>
    /// <param name="verdict">Its verdict.</param>
    public void AddVerdict(NginxVerdict verdict)
    {
        if (verdict.Error is { } error)
        {
            var (file, line) = error.File is null ? PlaceOf(error.Text) : (error.File, error.Line);
            Add(
                verdict.IsValid == false ? HealthStatus.Critical : HealthStatus.Unknown,
                verdict.IsValid == false ? "Config" : "NotTested",
                verdict.IsValid == false ? $"nginx refuses it: {error.Text}{Explain(file)}" : $"nginx could not test it as this user: {error.Text}",
                null,
                file,
                line);
        }

        foreach (var warning in verdict.Warnings)
        {
            Add(HealthStatus.Warning, "ServerWarning", $"nginx warns: {warning.Text}", null, warning.File, warning.Line);
        }

        // nginx names what is missing itself.
        foreach (var problem in _configuration.Problems.Where(_ => verdict.IsValid != false))
        {
            Add(HealthStatus.Unknown, "NotReadable", problem.Message, null, problem.Target as string, null);
        }
    }

    /// <summary>Names every certificate and key that is not there: nginx ends at the first.</summary>
    /// <param name="host">Host, or container, that should have them.</param>
    /// <param name="cancellationToken">Ends the look.</param>
    /// <returns>A task that ends when all are looked for.</returns>
    public async Task AddMissingCertificatesAsync(IHost host, CancellationToken cancellationToken)
    {
        foreach (var directive in _configuration.All().Where(directive => directive is { Name: "ssl_certificate" or "ssl_certificate_key", Arguments.Count: 1 }))
        {
            if (IsFile(directive.Value) && Path.GetFullPath(directive.Value, _folder) is var path && (await host.FindFilesAsync(path, cancellationToken)).Count == 0)
            {
                Add(HealthStatus.Critical, "CertificateMissing", $"{(directive.Name == "ssl_certificate" ? "Certificate" : "Key")} {path} does not exist.", null, directive.File, directive.Line);
            }
        }
    }

    /// <summary>The report.</summary>
    /// <param name="name">Name in the stack.</param>
    /// <param name="host">Host, or container.</param>
    /// <param name="stack">Name of the stack.</param>
    /// <param name="file">Main file.</param>
    /// <param name="version">Version of the server.</param>
    /// <param name="isValid">The server accepts it; null when it could not be tested.</param>
    /// <returns>What is known.</returns>
    public WebServerConfig ToConfig(string name, string host, string stack, string file, string? version, bool? isValid)
    {
        var findings = _findings.OrderBy(finding => finding.Status switch { HealthStatus.Critical => 0, HealthStatus.Warning => 1, _ => 2 }).ToList();
        var refusal = findings.Find(finding => finding.Rule == "Config");
        return new WebServerConfig
        {
            Status = HealthStatuses.Worst(findings.Select(finding => finding.Status)),
            Name = name,
            Host = host,
            Stack = stack,
            IsValid = isValid,
            Message = (refusal ?? findings.FirstOrDefault()) is { } first
                ? Place(first) + first.Message + (findings.Count > 1 ? $" ({findings.Count - 1} more)" : string.Empty)
                : $"nginx accepts it: {Count(_sites.Count, "site")}, {Count(_upstreams.Count, "upstream")}",
            ErrorFile = refusal?.File,
            ErrorLine = refusal?.Line,
            Version = version,
            ConfigFile = file,
            Files = [.. _configuration.Files.Keys],
            Sites = _sites,
            Upstreams = _upstreams,
            Findings = findings,
            CheckedAt = DateTime.UtcNow,
        };
    }

    private void AddSites(IReadOnlyList<string> webSocketPaths)
    {
        var marks = NginxServerBlock.MarksOf(_configuration);
        var http = _configuration.Root.Where(directive => directive is { Name: "http", Block: not null }).SelectMany(directive => _configuration.Expand(directive.Block!)).ToList();
        var outer = new ProxyScope().Enter(http);
        var blocks = NginxServerBlock.Of(_configuration).Select(block => (Block: block, Locations: NginxLocation.Of(_configuration, block.Settings, outer.Enter(block.Settings)))).ToList();

        // A site that only redirects need not have the path; but one of them must.
        var named = new HashSet<NginxLocation>(ReferenceEqualityComparer.Instance);
        foreach (var path in webSocketPaths)
        {
            var found = blocks.Select(site => NginxLocation.Find(site.Locations, path)).OfType<NginxLocation>().Where(location => location.ProxyPass is not null).ToList();
            named.UnionWith(found);
            if (found.Count == 0)
            {
                Add(HealthStatus.Warning, "WebSocketPath", $"No site passes {path} on, so that no WebSocket gets through there.", null, null, null);
            }
        }

        foreach (var (block, locations) in blocks)
        {
            AddSite(block, NginxLocation.All(locations).Where(location => location.ProxyPass is not null).ToList(), named, marks, http);
        }
    }

    private void AddSite(
        NginxServerBlock block, List<NginxLocation> proxied, HashSet<NginxLocation> named, IReadOnlyDictionary<string, List<MaintenanceMark>> marks, List<NginxDirective> http)
    {
        var before = _findings.Count;
        var by = block.MarksIn(marks.GetValueOrDefault(block.Directive.File) ?? []).FirstOrDefault()?.Owner;
        if (by is not null)
        {
            Add(HealthStatus.Warning, "MaintenanceMode", $"{block.Name} answers 503: maintenance mode of {NginxDirective.Decode(by)} is on.", block.Name, block.Directive.File, block.Directive.Line);
        }

        var locations = proxied.ConvertAll(location => Describe(block, location, named.Contains(location)));
        _sites.Add(new WebServerSite
        {
            Status = HealthStatuses.Worst(_findings.Skip(before).Select(finding => finding.Status)),
            Name = block.Name,
            ServerNames = block.Names,
            Listen = block.Listen,
            IsTls = block.Settings.Any(setting => setting.Name == "listen" && setting.Arguments.Any(word => word is "ssl" or "quic")) || block.Settings.Any(setting => setting is { Name: "ssl", Value: "on" }),
            Certificates = Paths("ssl_certificate"),
            CertificateKeys = Paths("ssl_certificate_key"),
            MaintenanceBy = by is null ? null : NginxDirective.Decode(by),
            Locations = locations,
            File = block.Directive.File,
            Line = block.Directive.Line,
        });

        // Those of the site, or those around it.
        List<string> Paths(string name)
        {
            var own = block.Settings.Where(setting => setting.Name == name && setting.Arguments.Count == 1).ToList();
            return (own.Count > 0 ? own : http.FindAll(setting => setting.Name == name && setting.Arguments.Count == 1))
                .ConvertAll(setting => IsFile(setting.Value) ? Path.GetFullPath(setting.Value, _folder) : setting.Value);
        }
    }

    private WebServerLocation Describe(NginxServerBlock site, NginxLocation location, bool isNamed)
    {
        var (scope, before) = (location.Scope, _findings.Count);
        var (upgrade, connection) = (Header("Upgrade"), Header("Connection"));
        var missing = new List<string>();
        if (scope.HttpVersion is null or "1.0")
        {
            missing.Add("proxy_http_version 1.1");
        }

        if (upgrade is null || (!upgrade.Contains("$http_upgrade", StringComparison.OrdinalIgnoreCase) && !upgrade.Equals("websocket", StringComparison.OrdinalIgnoreCase)))
        {
            missing.Add("proxy_set_header Upgrade $http_upgrade");
        }

        // A variable is usually that of a map, which gives "upgrade" when there is one.
        if (connection is null || (!connection.Contains('$', StringComparison.Ordinal) && !connection.Equals("upgrade", StringComparison.OrdinalIgnoreCase)))
        {
            missing.Add("proxy_set_header Connection \"upgrade\"");
        }

        var isWebSocket = isNamed || scope.HasOwnUpgrade || WebSocketPath().IsMatch(location.Path);
        if (isWebSocket && missing.Count > 0)
        {
            Say("WebSocketHeaders", $"{location.Text} of {site.Name} does not let WebSockets through: {string.Join(", ", missing)} {(missing.Count == 1 ? "is" : "are")} missing.");
        }

        if (isWebSocket && scope.ReadTimeout < (_proxyTimeout ?? WebSocketSilence))
        {
            Say("WebSocketTimeout", $"{location.Text} of {site.Name} cuts WebSockets off that are silent for {Duration.Format(scope.ReadTimeout)}: proxy_read_timeout should be {Duration.Format(_proxyTimeout ?? WebSocketSilence)} at least.");
        }
        else if (!isWebSocket && _proxyTimeout is { } wanted && scope.ReadTimeout != wanted)
        {
            Say("ProxyTimeout", $"{location.Text} of {site.Name} waits {Duration.Format(scope.ReadTimeout)} for an answer, and the stack file wants {Duration.Format(wanted)}: proxy_read_timeout.");
        }

        return new WebServerLocation
        {
            Status = HealthStatuses.Worst(_findings.Skip(before).Select(finding => finding.Status)),
            Site = site.Name,
            Path = location.Text,
            ProxyPass = location.ProxyPass!,
            ConnectTimeout = scope.ConnectTimeout,
            SendTimeout = scope.SendTimeout,
            ReadTimeout = scope.ReadTimeout,
            HttpVersion = scope.HttpVersion,
            Upgrade = upgrade,
            Connection = connection,
            PassesWebSocket = missing.Count == 0,
            File = location.Directive.File,
            Line = location.Directive.Line,
        };

        // An empty value means that the header is not sent.
        string? Header(string name) => scope.Headers.GetValueOrDefault(name) is { Length: > 0 } value ? value : null;

        void Say(string rule, string message) => Add(HealthStatus.Warning, rule, message, site.Name, location.Directive.File, location.Directive.Line);
    }

    private void AddUpstreams()
    {
        foreach (var group in NginxUpstreams.Of(_configuration).Servers.GroupBy(server => server.Upstream, StringComparer.Ordinal))
        {
            var servers = group.Select(server => new WebServerUpstreamServer(server.Name, server.IsDown, server.Owner, server.File, server.Line)).ToList();
            var (down, first) = (servers.Count(server => server.IsDown), servers[0]);
            var status = down == servers.Count ? HealthStatus.Critical : down > 0 ? HealthStatus.Warning : HealthStatus.Healthy;
            if (down > 0)
            {
                var which = string.Join(", ", servers.Where(server => server.IsDown).Select(server => server.DrainedBy is { } by ? $"{server.Address} (drained by {by})" : server.Address));
                Add(status, "UpstreamDown", $"Upstream {group.Key} sends nothing to {which}{(down == servers.Count ? ", so that all its requests fail" : string.Empty)}.", null, first.File, servers.Find(server => server.IsDown)!.Line);
            }

            _upstreams.Add(new WebServerUpstream { Status = status, Name = group.Key, Servers = servers, File = first.File, Line = first.Line });
        }
    }

    // A file that cannot be loaded is named without saying where: the directive that names it is looked for.
    private (string? File, int? Line) PlaceOf(string text)
    {
        var paths = QuotedPath().Matches(text).Select(match => match.Groups["path"].Value).ToList();
        var place = _configuration.All()
            .FirstOrDefault(directive => directive.Block is null && directive.Name != "include" && directive.Arguments.Any(argument => IsFile(argument) && paths.Contains(Path.GetFullPath(argument, _folder))));
        return (place?.File, place?.Line);
    }

    private string Explain(string? file) => file is not null && _configuration.Files.TryGetValue(file, out var content) && content.AsSpan().StartsWith(Encoding.UTF8.Preamble)
        ? " (The file begins with a byte order mark, which nginx takes for part of the first word: save it without.)"
        : string.Empty;

    private static bool IsFile(string value) => value.Length > 0 && !value.Contains('$', StringComparison.Ordinal) && !value.StartsWith("data:", StringComparison.Ordinal) && !value.StartsWith("engine:", StringComparison.Ordinal);

    private static string Count(int number, string what) => $"{number} {what}{(number == 1 ? string.Empty : "s")}";

    private static string Place(WebServerFinding finding) => finding.File is null ? string.Empty : $"{Path.GetFileName(finding.File)}{(finding.Line is null ? string.Empty : $":{finding.Line}")}: ";

    private void Add(HealthStatus status, string rule, string message, string? site, string? file, int? line) =>
        _findings.Add(new WebServerFinding { Status = status, Rule = rule, Message = message, Site = site, File = file, Line = line });

    [GeneratedRegex(@"(^|[/_.\-^])(ws|wss|web-?sockets?|sockets?|socket\.io|sockjs(-node)?|signalr|cable)([/_.\-$)?]|$)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex WebSocketPath();

    [GeneratedRegex("\"(?<path>/[^\"]+)\"", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex QuotedPath();
}
