using System.Text;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Stacks;

/// <summary>A certificate that was found.</summary>
/// <param name="Name">Name for it: of the site, or of certbot's lineage.</param>
/// <param name="File">Certificate file.</param>
/// <param name="Key">Key file; null when it is not known.</param>
/// <param name="Port">Port on which nginx serves it; null when nothing is known to serve it.</param>
/// <param name="ServerName">Name to ask for; null when there is none.</param>
internal sealed record FoundCertificate(string Name, string File, string? Key, int? Port, string? ServerName);

/// <summary>Finds certificates: those of nginx's sites, and certbot's.</summary>
internal static class CertificateSource
{
    private const string DefaultConfig = "/etc/nginx/nginx.conf";
    private const int MaximumFiles = 200;
    private const int MaximumBytes = 1024 * 1024;

    public static async Task<IReadOnlyList<FoundCertificate>> ReadAsync(
        IHost host, IReadOnlyList<HostProcess> processes, CancellationToken cancellationToken)
    {
        var found = new Dictionary<string, FoundCertificate>(StringComparer.Ordinal);
        foreach (var config in Configs(processes))
        {
            foreach (var site in await SitesAsync(host, config, cancellationToken))
            {
                var name = site.Names.FirstOrDefault(IsPlainName);
                found.TryAdd(site.Certificate, new FoundCertificate(
                    name ?? Path.GetFileNameWithoutExtension(site.Certificate), site.Certificate, site.Key, site.Ports[0], name));
            }
        }

        foreach (var file in await host.FindFilesAsync("/etc/letsencrypt/live/*/fullchain.pem", cancellationToken))
        {
            var folder = Path.GetDirectoryName(file)!;
            found.TryAdd(file, new FoundCertificate(Path.GetFileName(folder), file, Path.Combine(folder, "privkey.pem"), null, null));
        }

        return found.Values.ToList();
    }

    // The master's title shows the arguments that nginx was started with.
    private static IEnumerable<string> Configs(IReadOnlyList<HostProcess> processes) => ServiceOwners.OutsideContainers(processes)
        .Where(process => process.Name == "nginx")
        .Select(process => string.Join(' ', process.CommandLine))
        .Where(title => title.Contains("master process", StringComparison.Ordinal))
        .Select(title => title.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Select(words => Array.IndexOf(words, "-c") is var at and > 0 && at + 1 < words.Length && words[at + 1].StartsWith('/') ? words[at + 1] : DefaultConfig)
        .Distinct(StringComparer.Ordinal);

    private static async Task<IReadOnlyList<NginxSite>> SitesAsync(IHost host, string config, CancellationToken cancellationToken)
    {
        var folder = Path.GetDirectoryName(config)!;
        try
        {
            // One round trip instead of one for each file; only root can do it.
            var dump = await host.RunAsync(new HostCommand("nginx", "-T", "-q", "-c", config), cancellationToken);
            if (dump.Succeeded)
            {
                return NginxConfig.ParseSites(dump.StandardOutput, folder);
            }
        }
        catch (OpsException error) when (error.Id is "Host.CommandNotFound" or "Host.CommandForbidden")
        {
            // Read file by file below.
        }

        var sites = new List<NginxSite>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var pending = new Queue<string>([config]);
        while (pending.TryDequeue(out var file) && seen.Count < MaximumFiles)
        {
            if (!seen.Add(file))
            {
                continue;
            }

            var text = await TryReadAsync(host, file, cancellationToken);
            sites.AddRange(NginxConfig.ParseSites(text, folder));
            foreach (var pattern in NginxConfig.Includes(text, folder))
            {
                foreach (var included in await host.FindFilesAsync(pattern, cancellationToken))
                {
                    pending.Enqueue(included);
                }
            }
        }

        return sites;
    }

    private static async Task<string> TryReadAsync(IHost host, string file, CancellationToken cancellationToken)
    {
        try
        {
            return Encoding.UTF8.GetString(await host.ReadFileAsync(file, MaximumBytes, cancellationToken) ?? []);
        }
        catch (OpsException)
        {
            // One file that may not be read does not hide the others' sites.
            return string.Empty;
        }
    }

    private static bool IsPlainName(string name) =>
        name.Length > 1 && name[0] != '~' && !name.Contains('*', StringComparison.Ordinal) && !name.StartsWith('.') && !name.Contains('$', StringComparison.Ordinal);
}
