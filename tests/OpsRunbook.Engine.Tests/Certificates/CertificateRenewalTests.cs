using System.Diagnostics;
using OpsRunbook.Engine.Certificates;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Engine.State;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Certificates;

/// <summary>certbot renews against a real authority, and a real nginx takes up what it renewed.</summary>
public sealed class CertificateRenewalTests
{
    private static readonly Lazy<Task<RenewalSite>> Shared = new(() => RenewalSite.StartAsync(reuse: true));

    [SkippableFact]
    public async Task What_is_due_is_renewed_and_served()
    {
        var site = await Shared.Value;
        var before = await site.ThumbprintAsync();
        var change = Renewed(await site.RunAsync());
        var now = await site.ThumbprintAsync();
        Assert.NotEqual(before, now);
        Assert.Equal(("Renew", true, before, now), (change.Action, change.IsServed!.Value, change.PreviousThumbprint, change.Thumbprint));
        Assert.Equal((HealthStatus.Healthy, null), (change.Status, change.Reason));
        Assert.Equal(now, await site.ServedThumbprintAsync());
        Assert.Equal(["www.example.test"], change.Names);
        Assert.InRange(change.NotAfter!.Value, DateTime.UtcNow.AddDays(19), DateTime.UtcNow.AddDays(21));

        // A folder of one's own is not renewed by the usual timer.
        Assert.Null(change.Schedule!.IsScheduled);
        Assert.InRange(change.Schedule.LastRenewedAt!.Value, DateTime.UtcNow.AddMinutes(-5), DateTime.UtcNow.AddMinutes(5));
        Assert.NotNull(change.Schedule.LastRunAt);

        var record = (await site.JournalAsync())[^1];
        Assert.Equal((JournalOutcome.Succeeded, "site", now), (record.Outcome, record.Target, record.After["thumbprint"]));
    }

    [SkippableFact]
    public async Task What_is_not_due_is_left_alone()
    {
        var site = await Shared.Value;
        var links = await site.LinksAsync();
        using (site.With("renew_before_expiry = 5 days"))
        {
            var change = Assert.IsType<CertificateChange>(Assert.Single((await site.RunAsync()).Items));
            Assert.Equal((HealthStatus.Healthy, ServiceOutcome.Unchanged, true, null), (change.Status, change.Outcome, change.IsServed!.Value, change.Reason));
            Assert.Contains("not due yet", change.Message, StringComparison.Ordinal);
            Assert.Equal(["Renew"], Steps(await site.RunAsync(whatIf: true)));
        }

        using (site.With("autorenew = False"))
        {
            var change = Assert.IsType<CertificateChange>(Assert.Single((await site.RunAsync()).Items));
            Assert.Equal((HealthStatus.Warning, ServiceOutcome.Unchanged, "Certificate.RenewalDisabled"), (change.Status, change.Outcome, change.Reason));
        }

        Assert.Equal(links, await site.LinksAsync());
    }

    [SkippableFact]
    public async Task What_was_renewed_and_not_reloaded_is_put_into_service()
    {
        var site = await Shared.Value;
        await Tool.RunAsync(site.Acme.Certbot, ["renew", "--config-dir", site.Config, "--work-dir", $"{site.Folder}/work", "--logs-dir", $"{site.Folder}/logs", "-n", "--no-random-sleep-on-renew"]);
        var now = await site.ThumbprintAsync();
        Assert.NotEqual(now, await site.ServedThumbprintAsync());
        using var kept = site.With("renew_before_expiry = 5 days");

        var unknown = site.Certificate();
        unknown.Reload = null;
        var told = Assert.IsType<CertificateChange>(Assert.Single((await site.RunAsync(site.Stack(unknown))).Items));
        Assert.Equal((HealthStatus.Warning, ServiceOutcome.Unchanged, "Certificate.NotReloaded", false), (told.Status, told.Outcome, told.Reason, told.IsServed!.Value));

        var change = Renewed(await site.RunAsync());
        Assert.Contains("not due yet", change.Message, StringComparison.Ordinal);
        Assert.Equal(now, await site.ServedThumbprintAsync());
    }

    [SkippableFact]
    public async Task A_temporary_certificate_in_certbots_place_is_told_and_renewed_when_due()
    {
        var site = await Shared.Value;
        var key = File.ResolveLinkTarget($"{site.Live}/privkey.pem", returnFinalTarget: true)!.FullName;
        await File.WriteAllTextAsync(key, await File.ReadAllTextAsync(TestCertificates.Localhost.KeyFile));
        await using (var session = new StackSession(site.Stack()))
        {
            var output = new RecordedOutput();
            var runner = new ChangeRunner(output, new FileJournal(site.JournalFolder), new ChangeOrigin("New-TemporaryCertificate", "test"));
            await new TemporaryCertificates(session, runner, output, TimeSpan.FromSeconds(5)).DeployAsync("site", new TemporaryCertificateRequest(), CancellationToken.None);
            Assert.True(Assert.IsType<CertificateChange>(Assert.Single(output.Items)).IsServed);
        }

        var temporary = await site.ServedThumbprintAsync();
        using (site.With("renew_before_expiry = 5 days"))
        {
            var told = Assert.IsType<CertificateChange>(Assert.Single((await site.RunAsync()).Items));
            Assert.Equal((HealthStatus.Warning, ServiceOutcome.Unchanged, "Certificate.LineageMixed", temporary), (told.Status, told.Outcome, told.Reason, told.Thumbprint));
        }

        var change = Renewed(await site.RunAsync());
        Assert.Equal((HealthStatus.Healthy, temporary), (change.Status, change.PreviousThumbprint));
        Assert.Equal(await site.ThumbprintAsync(), await site.ServedThumbprintAsync());
    }

    [SkippableFact]
    public async Task A_dry_run_and_a_plan_replace_nothing()
    {
        var site = await Shared.Value;
        var links = await site.LinksAsync();
        var change = Renewed(await site.RunAsync(change: request => request with { DryRun = true }));
        Assert.Equal(("DryRun", HealthStatus.Healthy), (change.Action, change.Status));
        Assert.Contains(site.Acme.Url, change.Message, StringComparison.Ordinal);

        Assert.Equal(["Renew", "Reload", "Verify"], Steps(await site.RunAsync(whatIf: true)));
        var plan = await site.RunAsync(change: request => request with { DryRun = true }, whatIf: true);
        Assert.Contains("--dry-run", Assert.IsType<OpsPlanStep>(Assert.Single(plan.Items)).Detail, StringComparison.Ordinal);
        Assert.Equal(links, await site.LinksAsync());
    }

    [SkippableFact]
    public async Task What_nginx_refuses_after_the_renewal_is_not_put_into_service()
    {
        var site = await Shared.Value;
        var (links, served) = (await site.LinksAsync(), await site.ServedThumbprintAsync());
        using (site.KeepNginx())
        {
            using (site.With($"renew_hook = sh -c 'echo nonsense >> {site.Nginx.ConfigFile}'"))
            {
                var change = NotRenewed(await site.RunAsync(), "Certificate.NotDeployed", ServiceOutcome.Reverted);
                Assert.Contains("refuses its configuration", change.Message, StringComparison.Ordinal);
                Assert.Equal(served, change.Thumbprint);
            }

            Assert.Equal(links, await site.LinksAsync());
            Assert.Equal(served, await site.ServedThumbprintAsync());

            // What cannot be put into service is not even asked for.
            var log = new FileInfo($"{site.Folder}/logs/letsencrypt.log").LastWriteTimeUtc;
            foreach (var whatIf in new[] { false, true })
            {
                var refused = await site.RunAsync(whatIf: whatIf);
                Assert.Equal("Guard.WebServerValid", Assert.Single(refused.Errors).Id);
                Assert.Empty(refused.Items);
            }

            Assert.Equal(log, new FileInfo($"{site.Folder}/logs/letsencrypt.log").LastWriteTimeUtc);
        }

        // Once it is mended, certbot's new certificate is taken up without another one.
        using (site.With("renew_before_expiry = 5 days"))
        {
            Assert.NotEqual(served, Renewed(await site.RunAsync()).Thumbprint);
        }

        Assert.Equal(await site.ThumbprintAsync(), await site.ServedThumbprintAsync());
    }

    [SkippableFact]
    public async Task What_is_not_served_afterwards_is_put_back()
    {
        var site = await Shared.Value;
        using (site.KeepNginx())
        {
            await site.Nginx.ReloadAsync(site.Sites().Replace($"{site.Live}/fullchain.pem", $"{site.Nginx.Folder}/cert.pem", StringComparison.Ordinal).Replace($"{site.Live}/privkey.pem", $"{site.Nginx.Folder}/key.pem", StringComparison.Ordinal));
            var (links, thumbprint) = (await site.LinksAsync(), await site.ThumbprintAsync());
            var change = NotRenewed(await site.RunAsync(change: request => request with { Timeout = TimeSpan.FromSeconds(1) }), "Certificate.NotDeployed", ServiceOutcome.Reverted);
            Assert.Contains("serves another certificate", change.Message, StringComparison.Ordinal);
            Assert.Equal((links, thumbprint), (await site.LinksAsync(), change.Thumbprint));
        }

        Renewed(await site.RunAsync());
    }

    [SkippableFact]
    public async Task A_hook_that_fails_is_told()
    {
        var site = await Shared.Value;
        using var hook = site.With("renew_hook = sh -c 'echo no such mail server >&2; exit 3'");
        var output = await site.RunAsync();
        Assert.Empty(output.Errors);
        var change = Assert.IsType<CertificateChange>(Assert.Single(output.Items));
        Assert.Equal((HealthStatus.Warning, ServiceOutcome.Done, true, "Certificate.RenewalHook"), (change.Status, change.Outcome, change.IsServed!.Value, change.Reason));
        Assert.Contains("deploy-hook ended with 3 (no such mail server)", change.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Another_certbot_is_respected_and_named()
    {
        var site = await Shared.Value;
        var links = await site.LinksAsync();
        var started = Path.Combine(site.Folder, "started");
        using var other = Process.Start(new ProcessStartInfo(
            site.Acme.Certbot, ["renew", "-q", "-n", "--no-random-sleep-on-renew", "--config-dir", site.Config, "--work-dir", $"{site.Folder}/work", "--logs-dir", $"{site.Folder}/logs", "--dry-run", "--server", site.Acme.Url, "--pre-hook", $"sh -c 'touch {started}; sleep 60'"])
        {
            UseShellExecute = false,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        try
        {
            await UntilAsync(() => File.Exists(started));
            var change = NotRenewed(await site.RunAsync(), "Certificate.RenewalBusy", ServiceOutcome.Failed);
            Assert.Contains($"process {other.Id} (", change.Message, StringComparison.Ordinal);
            Assert.Contains("certbot renew", change.Message, StringComparison.Ordinal);
        }
        finally
        {
            other.Kill(entireProcessTree: true);
            await other.WaitForExitAsync();
        }

        Assert.Equal(links, await site.LinksAsync());
    }

    [SkippableFact]
    public async Task An_interruption_leaves_neither_a_certbot_nor_half_a_lineage()
    {
        var site = await Shared.Value;
        var links = await site.LinksAsync();
        var started = Path.Combine(site.Folder, "interrupted");
        using var hook = site.With($"pre_hook = sh -c 'touch {started}; sleep 60'");
        using var interrupt = new CancellationTokenSource();
        var running = site.RunAsync(cancellationToken: interrupt.Token);
        await UntilAsync(() => File.Exists(started) || running.IsCompleted);
        await interrupt.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.Equal(links, await site.LinksAsync());
        await using var host = new LocalHost();
        var lineage = Assert.Single(await CertbotLineage.ReadAllAsync(host, site.Config, CancellationToken.None));
        Assert.Null(await new Certbot(host, Certbot.DefaultProgram).LockHolderAsync(lineage, CancellationToken.None));
        Assert.Equal(JournalOutcome.Unknown, (await site.JournalAsync())[^1].Outcome);
    }

    [SkippableFact]
    public async Task A_lineage_goes_by_its_name_and_knows_its_member()
    {
        var site = await Shared.Value;
        var output = await site.RunAsync(change: request => request with { Lineages = ["si*", "nowhere"] });
        Assert.Equal("Certificate.LineageNotFound", Assert.Single(output.Errors).Id);
        Assert.Equal(("site", true), Assert.IsType<CertificateChange>(Assert.Single(output.Items)) is { } change ? (change.Name, change.IsServed!.Value) : default);

        // Without a member nothing is reloaded, and nothing shows what is served.
        var alone = Assert.IsType<CertificateChange>(Assert.Single((await site.RunAsync(new OpsStack { Name = "empty" }, request => request with { Lineages = ["site"] })).Items));
        Assert.Equal((HealthStatus.Warning, ServiceOutcome.Done, null), (alone.Status, alone.Outcome, alone.IsServed));
        Assert.NotEqual(alone.Thumbprint, await site.ServedThumbprintAsync());
    }

    [SkippableFact]
    public async Task A_host_over_ssh_is_renewed_there()
    {
        var site = await Shared.Value;
        var ssh = await Servers.SshdAsync();
        var stack = site.Stack();
        stack.Hosts["server"] = new StackHost { Ssh = ssh.Destination, Identity = ssh.IdentityFile, Options = new Dictionary<string, string>(ssh.Options) };
        stack.WebServers["web"].Host = "server";
        stack.Certificates["site"].Host = "server";

        // The name that nginx reads is a link to certbot's.
        var link = Path.Combine(TestRun.NewFolder("link"), "site.pem");
        File.CreateSymbolicLink(link, $"{site.Live}/fullchain.pem");
        stack.Certificates["site"].File = link;
        var change = Renewed(await site.RunAsync(stack));
        Assert.Equal(("server", true), (change.Host, change.IsServed!.Value));
        Assert.Equal(change.Thumbprint, await site.ServedThumbprintAsync());
    }

    [SkippableFact]
    public async Task What_certbot_does_not_renew_is_an_error_each()
    {
        var site = await Shared.Value;
        var stack = site.Stack();
        stack.Certificates["other"] = new StackCertificate { File = TestCertificates.Localhost.CertificateFile, Renew = "certbot" };
        stack.Certificates["bought"] = new StackCertificate { File = TestCertificates.Localhost.CertificateFile };
        var output = await site.RunAsync(stack, request => request with { Names = ["other", "bought", "sites"] });
        Assert.Equal(["Certificate.MemberNotFound", "Certificate.NotRenewed", "Certificate.LineageNotFound"], output.Errors.Select(error => error.Id));
        Assert.Empty(output.Items);

        var missing = await site.RunAsync(change: request => request with { CertbotProgram = "/nowhere/certbot" });
        Assert.Equal("Certificate.CertbotMissing", Assert.Single(missing.Errors).Id);
        Assert.Equal("Certificate.MemberNotFound", Assert.Single((await site.RunAsync(new OpsStack { Name = "empty" })).Errors).Id);
    }

    private static CertificateChange Renewed(RecordedOutput output)
    {
        Assert.Empty(output.Errors);
        var change = Assert.IsType<CertificateChange>(Assert.Single(output.Items));
        Assert.True(change.Outcome == ServiceOutcome.Done, change.Message);
        return change;
    }

    private static CertificateChange NotRenewed(RecordedOutput output, string reason, ServiceOutcome outcome)
    {
        var change = Assert.IsType<CertificateChange>(Assert.Single(output.Items));
        Assert.Equal((HealthStatus.Critical, outcome, reason), (change.Status, change.Outcome, change.Reason));
        var error = Assert.Single(output.Errors);
        Assert.Equal(reason, error.Id);
        Assert.NotNull(error.NextStep);
        return change;
    }

    private static IEnumerable<string> Steps(RecordedOutput output)
    {
        Assert.Empty(output.Errors);
        return output.Items.Cast<OpsPlanStep>().Select(step => step.Action);
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        for (var i = 0; i < 600 && !condition(); i++)
        {
            await Task.Delay(50);
        }

        Assert.True(condition());
    }
}
