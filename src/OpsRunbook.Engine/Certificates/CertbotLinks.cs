using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Certificates;

/// <summary>The links by which a lineage points to the files of one of its versions, so that they can point to it again.</summary>
internal sealed class CertbotLinks
{
    private const string ReadScript = """for f do readlink -- "$f" || echo; done""";

    // A link is replaced by a rename, so that there is no moment without one.
    private const string RestoreScript = """
        while [ $# -gt 1 ]; do
          t=$1.opsrunbook.$$
          ln -s -- "$2" "$t" && mv -fT -- "$t" "$1" || { rm -f -- "$t"; exit 1; }
          shift 2
        done
        """;

    private static readonly TimeSpan LastResort = TimeSpan.FromSeconds(20);

    private readonly IHost _host;
    private readonly IReadOnlyList<(string Path, string Target)> _links;

    private CertbotLinks(IHost host, IReadOnlyList<(string Path, string Target)> links)
    {
        _host = host;
        _links = links;
    }

    /// <summary>Reads where they point to.</summary>
    /// <param name="host">Host of the lineage.</param>
    /// <param name="lineage">The lineage.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The links.</returns>
    public static async Task<CertbotLinks> ReadAsync(IHost host, CertbotLineage lineage, CancellationToken cancellationToken) =>
        new(host, await TargetsAsync(host, lineage.Files, cancellationToken));

    /// <summary>Has those that point elsewhere now point to what they did, to the end even when nobody waits for it any more.</summary>
    /// <returns>Null when it is so; otherwise what is left, as a clause.</returns>
    public async Task<string?> RestoreAsync()
    {
        using var limit = new CancellationTokenSource(LastResort);
        try
        {
            var now = await TargetsAsync(_host, [.. _links.Select(link => link.Path)], limit.Token);
            var changed = _links.Except(now).ToList();
            if (changed.Count > 0)
            {
                HostScripts.RequireWritten(
                    _host.Name,
                    changed[0].Path,
                    await _host.RunAsync(new HostCommand(["sh", "-c", RestoreScript, "sh", .. changed.SelectMany(link => new[] { link.Path, link.Target })]), limit.Token));
            }

            return null;
        }
        catch (Exception error) when (error is OpsException or OperationCanceledException)
        {
            return $"the links of before could not be put back ({error.Message.TrimEnd('.')}): {string.Join(", ", _links.Select(link => $"{link.Path} to {link.Target}"))}";
        }
    }

    private static async Task<IReadOnlyList<(string Path, string Target)>> TargetsAsync(IHost host, IReadOnlyList<string> paths, CancellationToken cancellationToken)
    {
        if (paths.Count == 0)
        {
            return [];
        }

        var result = await host.RunAsync(new HostCommand(["sh", "-c", ReadScript, "sh", .. paths]), cancellationToken);
        return paths.Zip(result.StandardOutput.Split('\n')).Where(pair => pair.Second.Length > 0).ToList();
    }
}
