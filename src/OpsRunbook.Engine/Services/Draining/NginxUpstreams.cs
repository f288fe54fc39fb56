using System.Globalization;
using System.Text;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Services;

/// <summary>The upstreams of an nginx configuration, with every file that was read for them.</summary>
internal sealed class NginxUpstreams
{
    /// <summary>No file of a configuration is larger.</summary>
    public const int MaximumBytes = 16 * 1024 * 1024;

    private const int MaximumFiles = 2000;
    private const int HttpPort = 80;

    private readonly Dictionary<string, byte[]> _files = new(StringComparer.Ordinal);
    private readonly List<UpstreamServer> _servers = [];

    private NginxUpstreams()
    {
    }

    /// <summary>Content of every file, by its path.</summary>
    public IReadOnlyDictionary<string, byte[]> Files => _files;

    /// <summary>Every server, in the order in which nginx reads them.</summary>
    public IReadOnlyList<UpstreamServer> Servers => _servers;

    /// <summary>File that holds the id of the master process; null when the configuration does not say.</summary>
    public string? PidFile { get; private set; }

    /// <summary>Reads a configuration with all that it includes.</summary>
    /// <param name="host">Host, or container, that has it.</param>
    /// <param name="config">Main file.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>Its upstreams.</returns>
    /// <exception cref="OpsException"><c>Drain.ConfigMissing</c>, or a file may not be read.</exception>
    public static async Task<NginxUpstreams> ReadAsync(IHost host, string config, CancellationToken cancellationToken)
    {
        var upstreams = new NginxUpstreams();
        var folder = Path.GetDirectoryName(config) ?? "/";
        var seen = new HashSet<(string File, string? Upstream)>();

        // Level by level, each at once: over SSH every file is a round trip, and requests may be waiting to be let in again.
        for (List<(string File, string? Upstream)> level = [(config, null)]; level.Count > 0;)
        {
            // A file may be included in several blocks, and then its servers belong to each of them.
            var fresh = level.FindAll(seen.Add);
            if (seen.Count > MaximumFiles)
            {
                throw new OpsException(
                    "Drain.ConfigTooLarge", OpsErrorKind.InvalidData, $"{config} on {host.Name} includes more than {MaximumFiles} files.", "Drain by 'command' instead.", config);
            }

            var unread = fresh.Select(item => item.File).Distinct(StringComparer.Ordinal).Where(file => !upstreams._files.ContainsKey(file)).ToList();
            foreach (var (file, content) in unread.Zip(await Task.WhenAll(unread.Select(file => ReadFileAsync(host, file, cancellationToken)))))
            {
                upstreams._files.Add(file, content);
            }

            var includes = fresh.SelectMany(item => upstreams.Parse(item.File, Encoding.Latin1.GetString(upstreams._files[item.File]), item.Upstream)).ToList();
            var found = await Task.WhenAll(includes.Select(include => FindFilesAsync(host, Path.Combine(folder, include.Pattern), cancellationToken)));
            level = includes.Zip(found).SelectMany(include => include.Second.Select(file => (file, include.First.Upstream))).ToList();
        }

        return upstreams;
    }

    /// <summary>The upstreams of a text without includes.</summary>
    /// <param name="file">Name of the file.</param>
    /// <param name="text">Configuration, one character for each byte.</param>
    /// <returns>Its upstreams.</returns>
    public static NginxUpstreams Parse(string file, string text)
    {
        var upstreams = new NginxUpstreams();
        upstreams.Parse(file, text, null);
        return upstreams;
    }

    private static async Task<byte[]> ReadFileAsync(IHost host, string file, CancellationToken cancellationToken) =>
        await host.ReadFileAsync(file, MaximumBytes, cancellationToken) ?? throw new OpsException(
            "Drain.ConfigMissing",
            OpsErrorKind.NotFound,
            $"The nginx configuration {file} does not exist on {host.Name}.",
            "Check 'config' and 'host' of the web server in the stack file.",
            file);

    private static Task<IReadOnlyList<string>> FindFilesAsync(IHost host, string pattern, CancellationToken cancellationToken) =>
        pattern.AsSpan().ContainsAny("*?[") ? host.FindFilesAsync(pattern, cancellationToken) : Task.FromResult<IReadOnlyList<string>>([pattern]);

    private List<(string Pattern, string? Upstream)> Parse(string file, string text, string? upstream)
    {
        var includes = new List<(string, string?)>();
        var blocks = new Stack<string?>([upstream]);
        var statement = new List<NginxToken>();
        var (line, counted) = (1, 0);
        foreach (var token in NginxToken.Read(text))
        {
            if (!token.IsDelimiter)
            {
                statement.Add(token);
                continue;
            }

            switch (token.Text)
            {
                case "{":
                    blocks.Push(statement is [{ Text: "upstream" }, var name] ? Decode(name.Text) : null);
                    break;
                case "}" when blocks.Count > 1:
                    blocks.Pop();
                    break;
                case ";" when statement is [{ Text: "include" }, var pattern]:
                    includes.Add((Decode(pattern.Text), blocks.Peek()));
                    break;
                case ";" when statement is [{ Text: "pid" }, var path] && blocks.Count == 1:
                    PidFile = Decode(path.Text);
                    break;
                case ";" when statement is [{ Text: "server" }, var address, ..] && blocks.Peek() is { } block:
                    var (host, port) = Split(Decode(address.Text));
                    line += text.AsSpan(counted, statement[0].Start - counted).Count('\n');
                    counted = statement[0].Start;
                    var isDown = statement.Skip(2).Any(word => word.Text == "down");
                    var owner = isDown && UpstreamMark.IsMarkedDown(text, statement[^1], token) ? UpstreamMark.OwnerAt(text, token.End) : null;
                    _servers.Add(new UpstreamServer(file, line, block, host, port, isDown, owner is null ? null : Decode(owner), token.Start, UpstreamMark.RestOfLine(text, token.End).ToString()));
                    break;
            }

            statement.Clear();
        }

        return includes;
    }

    private static (string Host, int Port) Split(string text)
    {
        if (text.StartsWith("unix:", StringComparison.Ordinal))
        {
            return (text, 0);
        }

        var colon = text.LastIndexOf(':');
        return colon <= text.LastIndexOf(']') ? (text.TrimStart('[').TrimEnd(']'), HttpPort)
            : int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) ? (text[..colon].TrimStart('[').TrimEnd(']'), port)
            : (text, 0);
    }

    private static string Decode(string bytes) => Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(bytes));
}
