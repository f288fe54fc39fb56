using System.Text;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.WebServer;

/// <summary>The configuration of an nginx as its files have it, with every file that it includes.</summary>
internal sealed class NginxConfiguration
{
    /// <summary>No file of a configuration is larger.</summary>
    public const int MaximumBytes = 16 * 1024 * 1024;

    /// <summary>Main file of the packages of most distributions, and of the usual images.</summary>
    public const string DefaultFile = "/etc/nginx/nginx.conf";

    private const int MaximumFiles = 2000;
    private const int MaximumExpansions = 20_000;

    private readonly Dictionary<string, byte[]> _files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<NginxDirective>> _parsed = new(StringComparer.Ordinal);
    private readonly Dictionary<NginxDirective, IReadOnlyList<string>> _includes = new(ReferenceEqualityComparer.Instance);
    private readonly List<OpsException> _problems = [];
    private readonly string _main;

    private NginxConfiguration(string main) => _main = main;

    /// <summary>Content of every file, by its path, in the order in which they were found.</summary>
    public IReadOnlyDictionary<string, byte[]> Files => _files;

    /// <summary>Files that are named and could not be read.</summary>
    public IReadOnlyList<OpsException> Problems => _problems;

    /// <summary>Everything outside of blocks, with what is included there.</summary>
    public IReadOnlyList<NginxDirective> Root => Expand(_parsed.GetValueOrDefault(_main) ?? []);

    /// <summary>File that holds the id of the master process; null when the configuration does not say.</summary>
    public string? PidFile => Root.LastOrDefault(directive => directive.Name == "pid" && directive.Arguments.Count == 1)?.Value;

    /// <summary>Reads a configuration with all that it includes.</summary>
    /// <param name="host">Host, or container, that has it.</param>
    /// <param name="main">Main file.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The configuration, as far as it can be read; see <see cref="Problems"/>.</returns>
    /// <exception cref="OpsException"><c>WebServer.ConfigTooLarge</c>, or the host cannot be reached.</exception>
    public static async Task<NginxConfiguration> ReadAsync(IHost host, string main, CancellationToken cancellationToken)
    {
        var configuration = new NginxConfiguration(main);
        var folder = Path.GetDirectoryName(main) ?? "/";

        // Level by level, each at once: over SSH every file is a round trip, and requests may be waiting to be let in again.
        for (List<string> level = [main]; level.Count > 0;)
        {
            if (configuration._parsed.Count + level.Count > MaximumFiles)
            {
                throw TooLarge(main, $"includes more than {MaximumFiles} files", host.Name);
            }

            foreach (var (file, content) in level.Zip(await Task.WhenAll(level.Select(file => configuration.ReadFileAsync(host, file, cancellationToken)))))
            {
                if (content is not null)
                {
                    configuration._files.Add(file, content);
                }

                configuration._parsed.Add(file, content is null ? [] : NginxDirective.Parse(file, Encoding.Latin1.GetString(content)));
            }

            var includes = level.SelectMany(file => configuration.Flatten(configuration._parsed[file])).Where(directive => directive is { Name: "include", Block: null, Arguments.Count: 1 }).ToList();
            var found = await Task.WhenAll(includes.Select(include => FindFilesAsync(host, Path.Combine(folder, include.Value), cancellationToken)));
            foreach (var (include, files) in includes.Zip(found))
            {
                configuration._includes.Add(include, files);
            }

            level = found.SelectMany(files => files).Distinct(StringComparer.Ordinal).Where(file => !configuration._parsed.ContainsKey(file)).ToList();
        }

        return configuration;
    }

    /// <summary>A configuration of one text without includes.</summary>
    /// <param name="file">Name of the file.</param>
    /// <param name="text">Configuration, one character for each byte.</param>
    /// <returns>The configuration.</returns>
    public static NginxConfiguration Parse(string file, string text)
    {
        var configuration = new NginxConfiguration(file);
        configuration._files.Add(file, Encoding.Latin1.GetBytes(text));
        configuration._parsed.Add(file, NginxDirective.Parse(file, text));
        return configuration;
    }

    /// <summary>A block with the included files in the place of their <c>include</c>.</summary>
    /// <param name="block">What is in the block.</param>
    /// <returns>The directives in the order in which nginx reads them.</returns>
    /// <exception cref="OpsException"><c>WebServer.ConfigTooLarge</c>: files include each other again and again.</exception>
    public IReadOnlyList<NginxDirective> Expand(IReadOnlyList<NginxDirective> block)
    {
        var expanded = new List<NginxDirective>();
        var open = new Stack<NginxDirective>(block.Reverse());
        for (var steps = 0; open.TryPop(out var next);)
        {
            if (!_includes.TryGetValue(next, out var files))
            {
                expanded.Add(next);
                continue;
            }

            // nginx gives up when files include each other, and says so when it tests them.
            if ((steps += files.Count) > MaximumExpansions)
            {
                throw TooLarge(_main, "has files that include each other", null);
            }

            foreach (var directive in files.Reverse().SelectMany(file => _parsed[file].AsEnumerable().Reverse()))
            {
                open.Push(directive);
            }
        }

        return expanded;
    }

    /// <summary>Every directive, with those in blocks.</summary>
    /// <returns>The directives in the order in which nginx reads them.</returns>
    public IEnumerable<NginxDirective> All() => Flatten(Root);

    /// <summary>The blocks of a name inside of others: <c>Blocks("http", "server")</c>.</summary>
    /// <param name="path">Names from the outside in.</param>
    /// <returns>The directives that open them.</returns>
    public IEnumerable<NginxDirective> Blocks(params string[] path)
    {
        var level = Root.Where(directive => directive.Block is not null && directive.Name == path[0]);
        return path.Skip(1).Aggregate(level, (outer, name) => outer.SelectMany(directive => Expand(directive.Block!)).Where(directive => directive.Block is not null && directive.Name == name));
    }

    private static Task<IReadOnlyList<string>> FindFilesAsync(IHost host, string pattern, CancellationToken cancellationToken) =>
        pattern.AsSpan().ContainsAny("*?[") ? host.FindFilesAsync(pattern, cancellationToken) : Task.FromResult<IReadOnlyList<string>>([pattern]);

    private static OpsException TooLarge(string main, string cause, string? host) => new(
        "WebServer.ConfigTooLarge",
        OpsErrorKind.InvalidData,
        $"The nginx configuration {main}{(host is null ? string.Empty : $" on {host}")} {cause}.",
        "Check its 'include' directives with 'nginx -t'.",
        main);

    private IEnumerable<NginxDirective> Flatten(IReadOnlyList<NginxDirective> directives)
    {
        var open = new Stack<NginxDirective>(directives.Reverse());
        while (open.TryPop(out var directive))
        {
            yield return directive;
            foreach (var inner in Expand(directive.Block ?? []).Reverse())
            {
                open.Push(inner);
            }
        }
    }

    private async Task<byte[]?> ReadFileAsync(IHost host, string file, CancellationToken cancellationToken)
    {
        try
        {
            if (await host.ReadFileAsync(file, MaximumBytes, cancellationToken) is { } content)
            {
                return content;
            }

            AddProblem(new OpsException(
                "WebServer.ConfigMissing",
                OpsErrorKind.NotFound,
                $"The nginx configuration {file} does not exist on {host.Name}.",
                "Check 'config' and 'host' of the web server in the stack file.",
                file));
        }
        catch (OpsException error) when (error.Kind is OpsErrorKind.PermissionDenied or OpsErrorKind.InvalidArgument or OpsErrorKind.InvalidData or OpsErrorKind.OperationFailed)
        {
            AddProblem(error);
        }

        return null;

        void AddProblem(OpsException error)
        {
            lock (_problems)
            {
                _problems.Add(error);
            }
        }
    }
}
