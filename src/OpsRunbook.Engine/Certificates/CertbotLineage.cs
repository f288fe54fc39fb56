using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Certificates;

/// <summary>A certificate that certbot renews, as its renewal configuration describes it.</summary>
/// <param name="Name">Name of the lineage.</param>
/// <param name="ConfigFile">Its renewal configuration.</param>
/// <param name="FullChain">Certificate with those above it.</param>
/// <param name="Certificate">Certificate alone.</param>
/// <param name="Key">Private key.</param>
/// <param name="Settings">The other settings.</param>
/// <param name="WebrootNames">Names that it would prove by files in a folder.</param>
internal sealed record CertbotLineage(
    string Name,
    string ConfigFile,
    string? FullChain,
    string? Certificate,
    string? Key,
    IReadOnlyDictionary<string, string> Settings,
    IReadOnlyList<string> WebrootNames)
{
    /// <summary>Where certbot keeps everything unless it is told otherwise.</summary>
    public const string DefaultFolder = "/etc/letsencrypt";

    /// <summary>Id of the finding that nothing runs certbot.</summary>
    public const string UnscheduledReason = "Certificate.RenewalUnscheduled";

    /// <summary>What to do about that.</summary>
    public const string UnscheduledStep = "Turn its timer on: systemctl enable --now certbot.timer.";

    private const int MaximumBytes = 64 * 1024;

    /// <summary>Server that it asks; null when the configuration does not say.</summary>
    public string? Server => Settings.GetValueOrDefault("server");

    /// <summary>certbot's configuration folder.</summary>
    public string Folder => Path.GetDirectoryName(Path.GetDirectoryName(ConfigFile))!;

    /// <summary>Folder of its work, as it was told when it issued the certificate; null for its own.</summary>
    public string? WorkFolder => Settings.GetValueOrDefault("work_dir");

    /// <summary>Folder of its logs, as it was told when it issued the certificate; null for its own.</summary>
    public string? LogFolder => Settings.GetValueOrDefault("logs_dir");

    /// <summary>Its four files, which are links to those of one version.</summary>
    public IReadOnlyList<string> Files => [.. new[] { Key, Certificate, Settings.GetValueOrDefault("chain"), FullChain }.OfType<string>()];

    /// <summary>Server that it asks, when it is not Let's Encrypt's; else null.</summary>
    public string? OtherServer => Server is { } server && !server.Contains(".api.letsencrypt.org/", StringComparison.Ordinal) ? server : null;

    /// <summary>certbot is told not to renew it by itself.</summary>
    public bool IsDisabled => Settings.GetValueOrDefault("autorenew") is { } autorenew && autorenew.Equals("False", StringComparison.OrdinalIgnoreCase);

    /// <summary>How long before its end it is renewed, as the configuration says it: <c>30 days</c>. Newer versions of certbot have a rule of their own where it does not.</summary>
    public TimeSpan RenewBefore => Settings.GetValueOrDefault("renew_before_expiry")?.Split(' ') is [var number, var unit, ..]
        && double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out var count)
            ? unit.StartsWith("hour", StringComparison.OrdinalIgnoreCase) ? TimeSpan.FromHours(count)
                : unit.StartsWith("week", StringComparison.OrdinalIgnoreCase) ? TimeSpan.FromDays(7 * count) : TimeSpan.FromDays(count)
            : TimeSpan.FromDays(30);

    /// <summary>A file belongs to the lineage.</summary>
    /// <param name="file">Absolute path.</param>
    /// <returns>True when it does.</returns>
    public bool Owns(string file) => file == FullChain || file == Certificate;

    /// <summary>Every lineage of a configuration folder.</summary>
    /// <param name="host">Host of the folder.</param>
    /// <param name="folder">certbot's configuration folder.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The lineages in order of their names.</returns>
    public static async Task<IReadOnlyList<CertbotLineage>> ReadAllAsync(IHost host, string folder, CancellationToken cancellationToken)
    {
        var lineages = new List<CertbotLineage>();
        foreach (var file in await host.FindFilesAsync($"{folder.TrimEnd('/')}/renewal/*.conf", cancellationToken))
        {
            if (await host.ReadFileAsync(file, MaximumBytes, cancellationToken) is { } content)
            {
                lineages.Add(Parse(file, Encoding.UTF8.GetString(content)));
            }
        }

        return lineages;
    }

    /// <summary>The lineage of a file, which may be a link to one of the lineage's.</summary>
    /// <param name="host">Host of both.</param>
    /// <param name="lineages">Every lineage.</param>
    /// <param name="file">Absolute path.</param>
    /// <param name="cancellationToken">Ends the look.</param>
    /// <returns>The lineage; null for none.</returns>
    public static async Task<CertbotLineage?> FindAsync(IHost host, IReadOnlyList<CertbotLineage> lineages, string file, CancellationToken cancellationToken)
    {
        var owner = lineages.FirstOrDefault(lineage => lineage.Owns(file));
        if (owner is not null || lineages.Count == 0)
        {
            return owner;
        }

        var owned = lineages.SelectMany(lineage => new[] { lineage.FullChain, lineage.Certificate }.OfType<string>().Select(path => (lineage, path))).ToList();
        var real = (await host.RunAsync(new HostCommand(["sh", "-c", """for f do readlink -f -- "$f" || echo; done""", "sh", file, .. owned.Select(each => each.path)]), cancellationToken))
            .StandardOutput.Split('\n');
        return real[0].Length == 0 ? null : owned.Zip(real.Skip(1)).FirstOrDefault(pair => pair.Second == real[0]).First.lineage;
    }

    /// <summary>What there is to say about the next renewal.</summary>
    /// <param name="lineage">The lineage; null when certbot has none for the file.</param>
    /// <param name="file">The certificate's file.</param>
    /// <param name="certificate">The certificate that it would replace.</param>
    /// <param name="schedule">What runs certbot; null when that was not asked.</param>
    /// <returns>The findings.</returns>
    public static IReadOnlyList<CertificateFinding> Judge(CertbotLineage? lineage, string file, X509Certificate2 certificate, RenewalSchedule? schedule = null)
    {
        var findings = new List<CertificateFinding>();
        if (lineage is null)
        {
            Add(HealthStatus.Warning, "Certificate.RenewalMissing", $"certbot has no renewal configuration for {file}, so it will not renew it.", "Look at: certbot certificates.");
            return findings;
        }

        if (lineage.IsDisabled)
        {
            Add(HealthStatus.Warning, "Certificate.RenewalDisabled", $"certbot will not renew '{lineage.Name}': {lineage.ConfigFile} says autorenew = False.", "Take that line out.");
        }

        if (schedule is { IsScheduled: false })
        {
            Add(HealthStatus.Warning, UnscheduledReason, $"Nothing renews '{lineage.Name}' by itself: {schedule.Message}.", UnscheduledStep);
        }

        if (lineage.Settings.GetValueOrDefault("authenticator") is "manual" && lineage.Settings.GetValueOrDefault("manual_auth_hook") is null or "None")
        {
            Add(HealthStatus.Warning, "Certificate.RenewalManual", $"certbot cannot renew '{lineage.Name}' by itself: it is proved by hand.", "Issue it once more with another authenticator, or a hook.");
        }

        if (lineage.Server is { } server && server.Contains("staging", StringComparison.OrdinalIgnoreCase))
        {
            Add(HealthStatus.Warning, "Certificate.RenewalStaging", $"The next renewal of '{lineage.Name}' gives a certificate that nobody trusts: it asks the staging server {server}.", "Issue it once more from the real server.");
        }

        var names = CertificateNames.Of(certificate).Dns;
        if (lineage.WebrootNames.Count > 0 && !lineage.WebrootNames.Order(StringComparer.OrdinalIgnoreCase).SequenceEqual(names.Order(StringComparer.OrdinalIgnoreCase), StringComparer.OrdinalIgnoreCase))
        {
            Add(
                HealthStatus.Warning,
                "Certificate.RenewalNames",
                $"certbot proves {string.Join(", ", lineage.WebrootNames)} for '{lineage.Name}', while the certificate is for {string.Join(", ", names)}.",
                "Issue it once more with all names: certbot certonly --cert-name NAME -d NAME -d NAME.");
        }

        var kind = CertificateKeyKind.Of(certificate).Name.ToUpperInvariant();
        if (lineage.Settings.GetValueOrDefault("key_type") is { } wanted && !kind.Equals(wanted, StringComparison.OrdinalIgnoreCase))
        {
            Add(HealthStatus.Healthy, "Certificate.RenewalKey", $"The next renewal of '{lineage.Name}' has a key of the kind {wanted}; this one is {kind}.", null);
        }

        return findings;

        void Add(HealthStatus status, string reason, string message, string? next) =>
            findings.Add(new CertificateFinding { Status = status, Reason = reason, Message = message, NextStep = next });
    }

    private static CertbotLineage Parse(string file, string text)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal);
        var webroot = new List<string>();
        var inMap = false;
        foreach (var line in text.Split('\n', StringSplitOptions.TrimEntries).Where(line => line.Length > 0 && line[0] != '#'))
        {
            if (line[0] == '[')
            {
                inMap = line.Trim('[', ']', ' ') == "webroot_map";
            }
            else if (line.IndexOf('=', StringComparison.Ordinal) is > 0 and var at)
            {
                var key = line[..at].Trim();
                if (inMap)
                {
                    webroot.Add(key);
                }
                else
                {
                    settings[key] = line[(at + 1)..].Trim().Trim('"', '\'');
                }
            }
        }

        return new CertbotLineage(
            Path.GetFileNameWithoutExtension(file), file, settings.GetValueOrDefault("fullchain"), settings.GetValueOrDefault("cert"), settings.GetValueOrDefault("privkey"), settings, webroot);
    }
}
