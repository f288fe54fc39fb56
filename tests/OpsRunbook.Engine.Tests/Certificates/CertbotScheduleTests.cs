using System.Globalization;
using OpsRunbook.Engine.Certificates;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Certificates;

/// <summary>Whether anything runs certbot by itself: a real timer, a real cron table, and what is neither.</summary>
public sealed class CertbotScheduleTests
{
    private const string DebianJob = "job /etc/cron.d/certbot:0 */12 * * * root test -x /usr/bin/certbot -a \\! -d /run/systemd/system && certbot -q renew";
    private const string Timer = "Id=certbot.timer\nLoadState=loaded\nActiveState=active\nNextElapseUSecRealtime=Sat 2026-11-21 18:12:33 UTC\n\n";
    private const string Idle = "Id=certbot.timer\nLoadState=loaded\nActiveState=inactive\nNextElapseUSecRealtime=\n\n";
    private const string Absent = "Id=certbot.timer\nLoadState=not-found\nActiveState=inactive\nNextElapseUSecRealtime=\n\n";

    [Theory]
    [InlineData("program\nsystemd\n" + Timer, true, "certbot.timer", "next on")]
    [InlineData("program\nsystemd\n" + Idle + DebianJob + "\ndaemon", false, "certbot.timer", "not started")]
    [InlineData("program\nsystemd\n" + Absent + "daemon", false, null, "no timer or cron job")]
    [InlineData("program\n" + DebianJob + "\ndaemon", true, "/etc/cron.d/certbot", "renewed by")]
    [InlineData("program\n" + DebianJob, false, "/etc/cron.d/certbot", "no cron runs")]
    [InlineData("program\nsystemd\n" + Absent + "daemon\njob /var/spool/cron/crontabs/root:5 4 * * * /opt/renew-certbot.sh", true, "/var/spool/cron/crontabs/root", "renewed by")]
    [InlineData("systemd\n" + Absent, null, null, "not known")]
    [InlineData("", null, null, "not known")]
    public void What_was_found_is_judged(string found, bool? scheduled, string? by, string part)
    {
        var schedule = CertbotSchedule.Parse(found + "\ntime 1795000000\ntime 1794000000\n", CertbotLineage.DefaultFolder);
        Assert.Equal((scheduled, by), (schedule.IsScheduled, schedule.By));
        Assert.Contains(part, schedule.Message, StringComparison.Ordinal);
        Assert.Equal((DateTimeOffset.FromUnixTimeSeconds(1795000000).UtcDateTime, DateTimeOffset.FromUnixTimeSeconds(1794000000).UtcDateTime), (schedule.LastRunAt!.Value, schedule.LastRenewedAt!.Value));
        Assert.Equal(found.Contains("active\nNext", StringComparison.Ordinal) && scheduled == true && by == "certbot.timer" ? new DateTime(2026, 11, 21, 18, 12, 33, DateTimeKind.Utc) : null, schedule.NextRunAt);

        // The usual timer does not renew what lies in a folder of one's own.
        Assert.Null(CertbotSchedule.Parse(found, "/srv/certbot").IsScheduled);
        Assert.True(CertbotSchedule.Parse(found + "\ndaemon\njob /etc/cron.d/own:1 2 * * * root certbot renew --config-dir /srv/certbot", "/srv/certbot").IsScheduled);
    }

    [SkippableFact]
    public async Task A_timer_of_a_real_systemd_is_found_and_a_stopped_one_is_a_warning()
    {
        var machine = await Servers.SystemdHostAsync();
        await using var host = HostFactory.Create("machine", new OpsStack
        {
            Hosts = { ["machine"] = new StackHost { Ssh = machine.Destination, Identity = machine.IdentityFile, Options = new Dictionary<string, string>(machine.Options) } },
        });
        var certificate = TestCertificates.Localhost;
        foreach (var (path, text) in new[]
        {
            ("/etc/letsencrypt/live/site/fullchain.pem", await File.ReadAllTextAsync(certificate.ChainFile)),
            ("/etc/letsencrypt/renewal/site.conf", "fullchain = /etc/letsencrypt/live/site/fullchain.pem\ncert = /etc/letsencrypt/live/site/fullchain.pem\n[renewalparams]\n"),
            ("/etc/systemd/system/certbot.service", "[Service]\nType=oneshot\nExecStart=/bin/true\n"),
            ("/etc/systemd/system/certbot.timer", "[Timer]\nOnCalendar=*-*-* 00,12:00:00\n"),
        })
        {
            await machine.ExecuteAsync($"mkdir -p $(dirname {path}) && cat > {path}", text);
        }

        try
        {
            await machine.ExecuteAsync("systemctl daemon-reload && systemctl start certbot.timer");
            var lineage = Assert.Single(await CertbotLineage.ReadAllAsync(host, CertbotLineage.DefaultFolder, CancellationToken.None));
            var schedule = await new CertbotSchedule(host).ReadAsync(lineage, CancellationToken.None);
            var now = DateTime.Parse((await machine.ExecuteAsync("date -u +%FT%TZ")).Trim(), CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal);
            Assert.Equal((true, "certbot.timer"), (schedule.IsScheduled, schedule.By));
            Assert.InRange(schedule.NextRunAt!.Value, now.AddMinutes(-1), now.AddHours(13));
            Assert.InRange(schedule.LastRenewedAt!.Value, now.AddMinutes(-5), now.AddMinutes(1));
            Assert.Null(await ReasonAsync());

            await machine.ExecuteAsync("systemctl stop certbot.timer");
            Assert.Equal(CertbotLineage.UnscheduledReason, await ReasonAsync());
        }
        finally
        {
            await machine.ExecuteAsync("systemctl stop certbot.timer; rm -rf /etc/letsencrypt /etc/systemd/system/certbot.*; systemctl daemon-reload");
        }

        async Task<string?> ReasonAsync()
        {
            var output = new RecordedOutput();
            await CertificateTest.RunAsync(host, new CertificateTestRequest { Lineages = ["site"] }, new CertificateTerms { CaFile = TestCertificates.CaFile }, output, CancellationToken.None);
            return Assert.IsType<CertificateStatus>(Assert.Single(output.Items)).Reason;
        }
    }
}
