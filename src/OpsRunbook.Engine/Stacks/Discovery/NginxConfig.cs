namespace OpsRunbook.Engine.Stacks;

/// <summary>A <c>server</c> block of nginx that serves a certificate.</summary>
/// <param name="Names">Its server names.</param>
/// <param name="Ports">Ports on which it speaks TLS.</param>
/// <param name="Certificate">Certificate file.</param>
/// <param name="Key">Key file; null when it is not given.</param>
internal sealed record NginxSite(IReadOnlyList<string> Names, IReadOnlyList<int> Ports, string Certificate, string? Key);

/// <summary>Reads nginx's configuration as far as certificates go.</summary>
internal static class NginxConfig
{
    private const int MaximumTokens = 500_000;
    private const int HttpsPort = 443;

    /// <summary>Sites with a certificate, from <c>nginx -T</c> or from a configuration file.</summary>
    /// <param name="text">Configuration.</param>
    /// <param name="folder">Folder that relative paths start from.</param>
    /// <returns>One entry for each block and certificate.</returns>
    public static IReadOnlyList<NginxSite> ParseSites(string text, string folder)
    {
        var sites = new List<NginxSite>();
        var blocks = new Stack<Block>();
        blocks.Push(new Block(string.Empty, null));
        var statement = new List<string>();
        foreach (var token in NginxToken.Read(text).Take(MaximumTokens))
        {
            switch (token.Quoted ? string.Empty : token.Text)
            {
                case ";":
                    blocks.Peek().Apply(statement, folder);
                    statement.Clear();
                    break;
                case "{":
                    blocks.Push(new Block(statement.Count > 0 ? statement[0] : string.Empty, blocks.Peek()));
                    statement.Clear();
                    break;
                case "}" when blocks.Count > 1:
                    blocks.Pop().AddTo(sites);
                    statement.Clear();
                    break;
                default:
                    statement.Add(token.Text);
                    break;
            }
        }

        return sites;
    }

    /// <summary>Patterns of the files that a configuration includes.</summary>
    /// <param name="text">Configuration.</param>
    /// <param name="folder">Folder that relative paths start from.</param>
    /// <returns>Absolute patterns.</returns>
    public static IReadOnlyList<string> Includes(string text, string folder)
    {
        var includes = new List<string>();
        var statement = new List<string>();
        foreach (var token in NginxToken.Read(text).Take(MaximumTokens))
        {
            if (!token.IsDelimiter)
            {
                statement.Add(token.Text);
                continue;
            }

            if (token.Text == ";" && statement is ["include", var pattern])
            {
                includes.Add(Path.Combine(folder, pattern));
            }

            statement.Clear();
        }

        return includes;
    }

    private sealed class Block(string name, Block? parent)
    {
        private readonly List<string> _names = [];
        private readonly List<int> _ports = [];
        private readonly List<string> _certificates = [];
        private readonly List<string> _keys = [];
        private bool _ssl;

        private List<string> Certificates => _certificates.Count > 0 || parent is null ? _certificates : parent.Certificates;

        private List<string> Keys => _certificates.Count > 0 || parent is null ? _keys : parent.Keys;

        public void Apply(List<string> statement, string folder)
        {
            switch (statement)
            {
                case ["server_name", .. var names]:
                    _names.AddRange(names);
                    break;
                case ["listen", var address, .. var options] when options.Contains("ssl") || options.Contains("quic"):
                    if (!options.Contains("quic") && PortOf(address) is { } port)
                    {
                        _ports.Add(port);
                    }

                    _ssl = true;
                    break;

                // A variable is only known when a request comes.
                case ["ssl_certificate", var file] when !file.Contains('$', StringComparison.Ordinal) && !file.StartsWith("data:", StringComparison.Ordinal):
                    _certificates.Add(Path.GetFullPath(file, folder));
                    break;
                case ["ssl_certificate_key", var file] when !file.Contains('$', StringComparison.Ordinal) && !file.Contains(':', StringComparison.Ordinal):
                    _keys.Add(Path.GetFullPath(file, folder));
                    break;
                case ["ssl", "on"]:
                    _ssl = true;
                    break;
            }
        }

        public void AddTo(List<NginxSite> sites)
        {
            if (name != "server" || !_ssl)
            {
                return;
            }

            // RSA and ECDSA certificates may stand side by side, each followed by its key.
            var ports = _ports.Count > 0 ? _ports.Distinct().ToList() : [HttpsPort];
            sites.AddRange(Certificates.Select((file, index) => new NginxSite([.. _names], ports, file, index < Keys.Count ? Keys[index] : null)));
        }

        private static int? PortOf(string address)
        {
            if (address.StartsWith("unix:", StringComparison.Ordinal))
            {
                return null;
            }

            var text = address[(address.LastIndexOf(':') + 1)..];
            return int.TryParse(text, out var port) ? port : text.EndsWith(']') || !address.Contains(':', StringComparison.Ordinal) ? 80 : null;
        }
    }
}
