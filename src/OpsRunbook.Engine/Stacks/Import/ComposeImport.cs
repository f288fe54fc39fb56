using System.Globalization;
using System.Text.RegularExpressions;
using OpsRunbook.Engine.Safety;

namespace OpsRunbook.Engine.Stacks;

/// <summary>Makes a stack of a compose file. Secrets are never copied: they become references.</summary>
public sealed partial class ComposeImport
{
    private readonly string _path;
    private readonly IOperationOutput _output;
    private readonly ConfigProblems _problems;
    private readonly ComposeVariables _variables;
    private readonly ConfigNode _root;
    private readonly OpsStack _stack = new();
    private readonly Dictionary<string, string> _secretNames = new(StringComparer.Ordinal);

    private ComposeImport(string path, ConfigNode root, ComposeVariables variables, ConfigProblems problems, IOperationOutput output) =>
        (_path, _root, _variables, _problems, _output) = (path, root, variables, problems, output);

    /// <summary>Reads a compose file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="name">Name of the stack; null for the project's.</param>
    /// <param name="output">Takes warnings: what could not be taken over, and which secrets must be provided.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The stack.</returns>
    /// <exception cref="OpsException"><c>Compose.SyntaxInvalid</c>, <c>Compose.Invalid</c>, <c>Compose.ReferenceUnknown</c>, <c>Compose.DependencyCycle</c>.</exception>
    public static async Task<OpsStack> ReadAsync(string path, string? name, IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        path = Path.GetFullPath(path);
        var problems = new ConfigProblems(path, "Compose");
        var root = ConfigReader.Read(await ConfigReader.ReadFileAsync(path, cancellationToken, "Compose"), problems);
        problems.ThrowFirst();
        if (root?.Find("services")?.Entries is not { Count: > 0 })
        {
            throw new OpsException("Compose.Invalid", OpsErrorKind.InvalidData, $"{path} has no 'services:', so it is not a compose file.", "Name the compose file itself.", path);
        }

        var import = new ComposeImport(path, root, await ComposeVariables.ReadAsync(path, cancellationToken), problems, output);
        return await import.ConvertAsync(name, cancellationToken);
    }

    private async Task<OpsStack> ConvertAsync(string? name, CancellationToken cancellationToken)
    {
        var project = _root.FindText("name") is { } given ? _variables.Replace(given) : null;
        _stack.Name = name ?? project ?? DefaultProject();
        var services = _root.Find("services")!.Entries!;
        var dependencies = services.ToDictionary(service => service.Key.Text!, service => DependsOn(service.Value).ToList(), StringComparer.Ordinal);
        CheckDependencies(services, dependencies);

        var leftOut = LeftOut(services, dependencies);
        foreach (var (key, node) in services.Where(service => !leftOut.Contains(service.Key.Text!)))
        {
            var dependsOn = dependencies[key.Text!].Select(dependency => dependency.Name).Where(dependency => !leftOut.Contains(dependency)).ToList();
            await ConvertServiceAsync(key.Text!, node, project, dependsOn, cancellationToken);
        }

        _problems.ThrowFirst();
        if (_root.Find("include") is not null)
        {
            _output.Warning($"{_path} includes other files, which are not read.");
        }

        return _stack;
    }

    private async Task ConvertServiceAsync(string name, ConfigNode node, string? project, List<string> dependsOn, CancellationToken cancellationToken)
    {
        if (node.Find("extends") is not null)
        {
            _output.Warning($"The service '{name}' extends another one; what that one says is not read.");
        }

        var image = node.FindText("image") is { } text ? _variables.Replace(text) : string.Empty;
        var kind = ImageKind.NameOf(image);
        var ports = ComposePort.Read(node.Find("ports"), _variables, (at, message) => Problem("ValueInvalid", at, $"services.{name}.ports: {message}.", "Mend the port.")).ToList();
        var environment = await EnvironmentAsync(name, node, cancellationToken);
        if (ImageKind.Database(kind) is { } engine)
        {
            var database = new StackDatabase { Engine = engine, Manager = ServiceManagerKind.Compose, ComposeFile = _path, Project = project, DependsOn = dependsOn, Limits = Limits(name, node) };
            SetLogin(name, database, environment);
            (database.Port, database.Host) = Reach(name, node, ports, ImageKind.DefaultPort(engine), project);
            database.Manager = database.Host is null ? database.Manager : null;
            (database.ComposeFile, database.Project) = database.Host is null ? (_path, project) : (null, null);
            _stack.Databases[name] = database;
        }
        else if (ImageKind.IsCache(kind))
        {
            var cache = new StackCache { Manager = ServiceManagerKind.Compose, ComposeFile = _path, Project = project, DependsOn = dependsOn, Password = CachePassword(name, node, environment) };
            (cache.Port, cache.Host) = Reach(name, node, ports, 6379, project);
            cache.Manager = cache.Host is null ? cache.Manager : null;
            (cache.ComposeFile, cache.Project) = cache.Host is null ? (_path, project) : (null, null);
            _stack.Caches[name] = cache;
        }
        else if (ImageKind.WebServer(kind) is { } server)
        {
            _stack.WebServers[name] = new StackWebServer
            {
                Engine = server,
                Manager = ServiceManagerKind.Compose,
                ComposeFile = _path,
                Project = project,
                Ports = [.. ports.Select(port => port.Published)],
                Health = HealthChecks(name, node, ports),
                DependsOn = dependsOn,
            };
        }
        else
        {
            SetMonitoring(kind, ports);
            _stack.Services[name] = new StackService
            {
                Manager = ServiceManagerKind.Compose,
                ComposeFile = _path,
                Project = project,
                Image = image.Length == 0 ? null : image,
                Ports = [.. ports.Select(port => port.Published)],
                Health = HealthChecks(name, node, ports),
                DependsOn = dependsOn,
                EnvironmentFile = EnvironmentFiles(node).FirstOrDefault(),
                RequiredEnvironment = [.. environment.Where(variable => variable.Value is null || SecretNames.IsSecretName(variable.Key)).Select(variable => variable.Key)],
                Instances = Number(node.Find("deploy")?.FindText("replicas") ?? node.FindText("scale")),
                Limits = Limits(name, node),
            };
        }
    }

    private string DefaultProject() => Path.GetFileName(Path.GetDirectoryName(_path)) is { Length: > 0 } folder ? folder : "compose";

    private static IEnumerable<(string Name, bool Completes, ConfigNode Node)> DependsOn(ConfigNode service)
    {
        var node = service.Find("depends_on");
        return node?.Items?.Select(item => (item.Text ?? string.Empty, false, item))
            ?? node?.Entries?.Select(entry => (entry.Key.Text!, entry.Value.FindText("condition") == "service_completed_successfully", entry.Key))
            ?? [];
    }

    private void CheckDependencies(List<(ConfigNode Key, ConfigNode Value)> services, Dictionary<string, List<(string Name, bool Completes, ConfigNode Node)>> dependencies)
    {
        foreach (var (service, uses) in dependencies)
        {
            foreach (var use in uses.Where(use => !dependencies.ContainsKey(use.Name)))
            {
                Problem("ReferenceUnknown", use.Node, $"services.{service}.depends_on names '{use.Name}', which is not a service of the file.", Nearest.Suggest(use.Name, dependencies.Keys));
            }
        }

        _problems.ThrowFirst();
        var edges = dependencies.ToDictionary(pair => pair.Key, pair => (IReadOnlyList<string>)[.. pair.Value.Select(use => use.Name)], StringComparer.Ordinal);
        if (DependencyGraph.FindCycle(edges) is { } cycle)
        {
            var node = services.First(service => service.Key.Text == cycle[0]).Value.Find("depends_on")!;
            Problem("DependencyCycle", node, $"services.{cycle[0]}.depends_on: the services depend on each other in a circle: {string.Join(" → ", cycle)}.", "Remove one of these dependencies.");
        }

        _problems.ThrowFirst();
    }

    /// <summary>Services that do not run all the time: a missing container of theirs is no fault.</summary>
    private HashSet<string> LeftOut(List<(ConfigNode Key, ConfigNode Value)> services, Dictionary<string, List<(string Name, bool Completes, ConfigNode Node)>> dependencies)
    {
        var jobs = dependencies.Values.SelectMany(uses => uses).Where(use => use.Completes).Select(use => use.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var job in jobs)
        {
            _output.Warning($"The service '{job}' runs once and ends; it is left out of the stack.");
        }

        foreach (var (key, node) in services.Where(service => service.Value.Find("profiles")?.Items is { Count: > 0 }))
        {
            if (jobs.Add(key.Text!))
            {
                _output.Warning($"The service '{key.Text}' runs only under a profile ({string.Join(", ", node.Find("profiles")!.Items!.Select(profile => profile.Text))}); it is left out of the stack.");
            }
        }

        return jobs;
    }

    /// <summary>The variables of a service with the text of their values; null for one that comes from elsewhere.</summary>
    private async Task<Dictionary<string, string?>> EnvironmentAsync(string service, ConfigNode node, CancellationToken cancellationToken)
    {
        var environment = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (var file in EnvironmentFiles(node).Select(file => Path.GetFullPath(file, Path.GetDirectoryName(_path)!)))
        {
            if (!File.Exists(file))
            {
                _output.Warning($"The environment file {file} of the service '{service}' does not exist.");
                continue;
            }

            foreach (var key in (await ComposeVariables.ReadFileAsync(file, cancellationToken)).Keys)
            {
                environment[key] = null;
            }
        }

        foreach (var item in node.Find("environment")?.Items ?? [])
        {
            var parts = (item.Text ?? string.Empty).Split('=', 2);
            environment[parts[0]] = parts.Length == 2 ? parts[1] : null;
        }

        foreach (var (key, value) in node.Find("environment")?.Entries ?? [])
        {
            environment[key.Text!] = value.IsNull ? null : value.Text;
        }

        return environment;
    }

    private static IEnumerable<string> EnvironmentFiles(ConfigNode node)
    {
        var files = node.Find("env_file");
        return files is null || files.IsNull ? []
            : files.Text is { } single ? [single]
            : files.Items?.Select(item => item.Text ?? item.FindText("path")).OfType<string>() ?? [];
    }

    private void SetLogin(string name, StackDatabase database, Dictionary<string, string?> environment)
    {
        var (userKeys, databaseKeys, passwordKeys, user) = database.Engine switch
        {
            DatabaseEngine.Postgres => (new[] { "POSTGRES_USER", "POSTGRESQL_USERNAME" }, new[] { "POSTGRES_DB", "POSTGRESQL_DATABASE" }, new[] { "POSTGRES_PASSWORD", "POSTGRESQL_PASSWORD" }, "postgres"),
            DatabaseEngine.MongoDb => (["MONGO_INITDB_ROOT_USERNAME"], ["MONGO_INITDB_DATABASE"], ["MONGO_INITDB_ROOT_PASSWORD"], null),
            _ when environment.ContainsKey("MYSQL_USER") || environment.ContainsKey("MARIADB_USER") =>
                (["MARIADB_USER", "MYSQL_USER"], ["MARIADB_DATABASE", "MYSQL_DATABASE"], ["MARIADB_PASSWORD", "MYSQL_PASSWORD"], null),
            _ => ([], ["MARIADB_DATABASE", "MYSQL_DATABASE"], ["MARIADB_ROOT_PASSWORD", "MYSQL_ROOT_PASSWORD"], "root"),
        };
        database.User = First(userKeys) ?? user;

        // The image makes the first user in the administrative database, whatever database it prepares.
        database.AuthSource = database is { Engine: DatabaseEngine.MongoDb, User: not null } ? "admin" : null;
        database.Database = First(databaseKeys) ?? (database.Engine == DatabaseEngine.Postgres ? First(userKeys) : null);
        database.Password = passwordKeys.Select(key => Password(name, key, environment)).FirstOrDefault(secret => secret is not null);

        string? First(string[] keys) => keys.Select(key => environment.GetValueOrDefault(key)).OfType<string>().Select(text => _variables.Replace(text)).FirstOrDefault(text => text.Length > 0);
    }

    private SecretReference? Password(string service, string key, Dictionary<string, string?> environment)
    {
        if (environment.TryGetValue(key, out var text))
        {
            return Reference(service, key, text);
        }

        // The images read the file of a compose secret when the key ends with _FILE.
        if (environment.GetValueOrDefault(key + "_FILE") is { } file
            && _root.Find("secrets")?.Find(Path.GetFileName(file))?.FindText("file") is { } source)
        {
            return SecretReference.Parse($"${{file:{Path.GetFullPath(_variables.Replace(source), Path.GetDirectoryName(_path)!)}}}");
        }

        return null;
    }

    private SecretReference Reference(string service, string key, string? text)
    {
        var variable = text is not null && WholeVariable().Match(text) is { Success: true } match ? match.Groups[1].Value : null;
        var name = variable ?? key;
        var owner = variable ?? service;
        if (_secretNames.TryGetValue(name, out var other) && other != owner)
        {
            name = NotInName().Replace(service.ToUpperInvariant(), "_") + "_" + key;
        }

        _secretNames[name] = owner;
        if (text is not null && variable is null)
        {
            _output.Warning($"The service '{service}' has a plain secret in {_path} ({key}). It is not copied: the stack reads it from the environment variable {name}.");
        }

        return SecretReference.Parse($"${{env:{name}}}");
    }

    private SecretReference? CachePassword(string service, ConfigNode node, Dictionary<string, string?> environment)
    {
        var command = node.Find("command");
        var words = command?.Items?.Select(item => item.Text ?? string.Empty).ToArray() ?? command?.Text?.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries) ?? [];
        words = words.SelectMany(word => word.Contains("--requirepass ", StringComparison.Ordinal) ? word.Split(' ', StringSplitOptions.RemoveEmptyEntries) : [word]).ToArray();
        var at = Array.IndexOf(words, "--requirepass");
        return at >= 0 && at + 1 < words.Length
            ? Reference(service, "REDIS_PASSWORD", words[at + 1].Trim('"', '\''))
            : Password(service, "REDIS_PASSWORD", environment);
    }

    /// <summary>Where a server is reached: its published port, or through its container when it publishes none.</summary>
    private (int? Port, string? Host) Reach(string name, ConfigNode node, List<ComposePort> ports, int target, string? project)
    {
        if (ports.FirstOrDefault(port => port.Target == target) is { Published: > 0 } port)
        {
            return (port.Published == target ? null : port.Published, null);
        }

        var container = node.FindText("container_name") is { } given ? _variables.Replace(given) : $"{project ?? ProjectName().Replace(DefaultProject().ToLowerInvariant(), string.Empty)}-{name}-1";
        _stack.Hosts[name] = new StackHost { Container = container };
        _output.Warning($"The service '{name}' publishes no port, so it is reached through its container '{container}'.");
        return (null, name);
    }

    private List<StackHealthCheck> HealthChecks(string name, ConfigNode node, List<ComposePort> ports)
    {
        var test = node.Find("healthcheck")?.Find("test");
        var text = test?.Text ?? string.Join(' ', test?.Items?.Select(item => item.Text) ?? []);
        var match = Url().Match(text);
        if (!match.Success)
        {
            return [];
        }

        var used = new List<string>();
        var replaced = _variables.Replace(match.Value, used);
        if (used.Any(SecretNames.IsSecretName) || !Uri.TryCreate(replaced, UriKind.Absolute, out var uri) || uri.UserInfo.Length > 0)
        {
            _output.Warning($"The health check of the service '{name}' is not taken over: its address holds a secret or cannot be read.");
            return [];
        }

        // The check runs inside the container; from the host the port is the published one.
        var isOwn = uri.IsLoopback || uri.Host == name || uri.Host == "0.0.0.0";
        var published = ports.FirstOrDefault(port => port.Target == uri.Port).Published;
        if (isOwn && published == 0)
        {
            _output.Verbose($"The health check of the service '{name}' uses port {uri.Port}, which is not published: the container's own health is what is checked.");
            return [];
        }

        var address = isOwn ? new UriBuilder(uri) { Host = "localhost", Port = published }.Uri : uri;
        var timeout = node.Find("healthcheck")!.FindText("timeout");
        return
        [
            new StackHealthCheck
            {
                Url = address.AbsoluteUri,
                Timeout = timeout is not null && Duration.TryParse(_variables.Replace(timeout), out var limit) ? limit : null,
            },
        ];
    }

    private void SetMonitoring(string kind, List<ComposePort> ports)
    {
        if (kind is not ("prometheus" or "alertmanager" or "loki" or "grafana") || ports.Count == 0)
        {
            return;
        }

        var monitoring = _stack.Monitoring ??= new StackMonitoring();
        var url = $"http://localhost:{ports[0].Published}";
        switch (kind)
        {
            case "prometheus":
                monitoring.Prometheus = url;
                break;
            case "alertmanager":
                monitoring.Alertmanager = url;
                break;
            case "loki":
                monitoring.Loki = url;
                break;
            default:
                monitoring.Grafana = url;
                break;
        }
    }

    private StackLimits? Limits(string name, ConfigNode node)
    {
        var resources = node.Find("deploy")?.Find("resources");
        var limits = new StackLimits
        {
            Memory = Size(resources?.Find("limits")?.FindText("memory") ?? node.FindText("mem_limit")),
            MemoryReservation = Size(resources?.Find("reservations")?.FindText("memory") ?? node.FindText("mem_reservation")),
            Cpus = Cores(resources?.Find("limits")?.FindText("cpus") ?? node.FindText("cpus")),
            CpuReservation = Cores(resources?.Find("reservations")?.FindText("cpus")),
        };
        return limits is { Memory: null, MemoryReservation: null, Cpus: null, CpuReservation: null } ? null : limits;

        long? Size(string? text)
        {
            if (text is null)
            {
                return null;
            }

            if (ByteSize.TryParse(_variables.Replace(text), out var bytes))
            {
                return bytes;
            }

            _output.Warning($"The memory limit '{text}' of the service '{name}' is not a size and is left out.");
            return null;
        }

        double? Cores(string? text) => text is not null && StackForms.TryReadNumber(StackForm.Number, _variables.Replace(text), out var cores) && cores >= 0 ? cores : null;
    }

    private int? Number(string? text) =>
        text is not null && int.TryParse(_variables.Replace(text), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private void Problem(string id, ConfigNode node, string message, string? next) => _problems.Add($"Compose.{id}", node, string.Empty, message, next);

    [GeneratedRegex(@"https?://[^\s'""`|;)&>]+", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Url();

    [GeneratedRegex(@"^\$\{?([A-Za-z_][A-Za-z0-9_]*)(?::?[-?][^}]*)?\}?$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex WholeVariable();

    [GeneratedRegex("[^A-Z0-9]+", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex NotInName();

    // Compose's own rule for the name of a project that is named for its folder.
    [GeneratedRegex("[^a-z0-9_-]+", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex ProjectName();
}
