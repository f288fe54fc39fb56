using System.Globalization;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Certificates;

/// <summary>Finds out whether certbot is run by itself on a host: by a timer of systemd, or by cron.</summary>
/// <param name="host">The host.</param>
internal sealed class CertbotSchedule(IHost host)
{
    // Debian's cron job does nothing where systemd runs; there its timer counts.
    private const string Script = """
        PATH="$PATH:/snap/bin:/usr/local/bin:/usr/sbin:/sbin"
        command -v certbot >/dev/null && echo 'program'
        [ -d /run/systemd/system ] && echo 'systemd'
        TZ=UTC systemctl show certbot.timer certbot-renew.timer snap.certbot.renew.timer -p Id -p LoadState -p ActiveState -p NextElapseUSecRealtime 2>/dev/null
        echo
        grep -qsxE 'cron|crond|fcron|anacron|systemd-cron' /proc/[0-9]*/comm && echo 'daemon'
        grep -sH '^[^#]*certbot' /etc/crontab /etc/cron.d/* /etc/cron.hourly/* /etc/cron.daily/* /etc/cron.weekly/* /etc/periodic/*/* /var/spool/cron/crontabs/* /var/spool/cron/* | sed 's/^/job /'
        for f do echo "time $(stat -L -c %Y -- "$f" 2>/dev/null)"; done
        exit 0
        """;

    /// <summary>Reads what is known.</summary>
    /// <param name="lineage">The lineage.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The schedule.</returns>
    public async Task<RenewalSchedule> ReadAsync(CertbotLineage lineage, CancellationToken cancellationToken)
    {
        var result = await host.RunAsync(
            new HostCommand("sh", "-c", Script, "sh", $"{lineage.LogFolder ?? Certbot.DefaultLogFolder}/letsencrypt.log", lineage.Certificate ?? lineage.FullChain ?? string.Empty), cancellationToken);
        return Parse(result.StandardOutput, lineage.Folder);
    }

    /// <summary>Reads what the script has found.</summary>
    /// <param name="text">Its output.</param>
    /// <param name="folder">certbot's configuration folder.</param>
    /// <returns>The schedule.</returns>
    public static RenewalSchedule Parse(string text, string folder)
    {
        var lines = text.Split('\n');
        var isDefault = folder == CertbotLineage.DefaultFolder;
        var systemd = lines.Contains("systemd");
        var timers = Timers(lines);
        var jobs = lines.Where(line => line.StartsWith("job ", StringComparison.Ordinal))
            .Select(line => line[4..].Split(':', 2))
            .Where(job => job.Length == 2 && (isDefault || job[1].Contains(folder, StringComparison.Ordinal)) && !(systemd && job[1].Contains("-d /run/systemd/system", StringComparison.Ordinal)))
            .Select(job => job[0])
            .ToList();
        var times = lines.Where(line => line.StartsWith("time ", StringComparison.Ordinal)).Select(line => Moment(line[5..])).ToList();
        var timer = isDefault ? timers.Find(each => each.IsActive) : default;
        var daemon = lines.Contains("daemon");
        bool? scheduled = timer.Name is not null || (jobs.Count > 0 && daemon) ? true
            : !isDefault || (!lines.Contains("program") && timers.Count == 0 && jobs.Count == 0) ? null
            : false;
        var by = timer.Name ?? jobs.FirstOrDefault() ?? (isDefault ? timers.FirstOrDefault().Name : null);
        var last = times.ElementAtOrDefault(1);
        return new RenewalSchedule
        {
            IsScheduled = scheduled,
            By = by,
            NextRunAt = timer.Next,
            LastRunAt = times.ElementAtOrDefault(0),
            LastRenewedAt = last,
            Message = (scheduled switch
            {
                true => $"renewed by {by}{(timer.Next is { } next ? $", next on {Display.Moment(next)}" : string.Empty)}",
                false when by is null => "no timer or cron job runs certbot",
                false when jobs.Count > 0 => $"{by} is there, but no cron runs",
                false => $"{by} is there, but not started",
                null => "what runs certbot is not known",
            }) + (last is { } renewed ? $"; issued on {Display.Moment(renewed)}" : string.Empty),
        };
    }

    private static List<(string? Name, bool IsActive, DateTime? Next)> Timers(string[] lines)
    {
        var timers = new List<(string? Name, bool IsActive, DateTime? Next)>();
        var unit = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in lines)
        {
            if (line.Split('=', 2) is [var key, var value])
            {
                unit[key] = value;
            }
            else if (line.Length == 0)
            {
                if (unit.GetValueOrDefault("LoadState") == "loaded")
                {
                    timers.Add((unit.GetValueOrDefault("Id"), unit.GetValueOrDefault("ActiveState") == "active", NextOf(unit.GetValueOrDefault("NextElapseUSecRealtime"))));
                }

                unit.Clear();
            }
        }

        return timers;
    }

    // Sat 2026-11-21 18:12:33 UTC
    private static DateTime? NextOf(string? text) =>
        text is not null && DateTime.TryParseExact(text, "ddd yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var moment)
            ? moment
            : null;

    private static DateTime? Moment(string seconds) => long.TryParse(seconds, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? DateTimeOffset.FromUnixTimeSeconds(value).UtcDateTime : null;
}
