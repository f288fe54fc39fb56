using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Certificates;

/// <summary>Has certbot renew what is due, and proves that it is served; otherwise the certificate of before stays in service.</summary>
/// <param name="session">The stack in use.</param>
/// <param name="changes">The road of every change.</param>
/// <param name="output">Takes results and errors.</param>
public sealed class CertificateRenewals(StackSession session, ChangeRunner changes, IOperationOutput output)
{
    /// <summary>Renews certificates, one after the other: certbot works for one at a time.</summary>
    /// <param name="request">Which ones.</param>
    /// <param name="host">Host of the lineages, when they are named; null for this machine.</param>
    /// <param name="cancellationToken">Ends the work; certbot takes its challenges back.</param>
    /// <returns>A task that ends with the last one.</returns>
    public async Task RunAsync(CertificateRenewalRequest request, IHost? host, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var find = new RenewalTargets(session, request.CertbotFolder.TrimEnd('/'), output);
        var targets = request.Lineages.Count == 0
            ? await find.OfMembersAsync(request.Names, cancellationToken)
            : await find.OfLineagesAsync(host ?? session.Host(null), request.Lineages, cancellationToken);
        foreach (var target in targets)
        {
            try
            {
                await OneAsync(target, request, cancellationToken);
            }
            catch (OpsException error)
            {
                output.Error(error);
            }
        }
    }

    private static async Task<CertificateStatus> LookAsync(RenewalTarget target, CancellationToken cancellationToken) =>
        (await new CertificateProbe(target.Host, new CertificateTerms()).LookAsync(new CertificateQuery { File = target.File }, cancellationToken))[0];

    private static Dictionary<string, string?> Shown(string? thumbprint) => new(StringComparer.Ordinal) { ["thumbprint"] = thumbprint };

    private async Task OneAsync(RenewalTarget target, CertificateRenewalRequest request, CancellationToken cancellationToken)
    {
        var (name, host, lineage, certificate) = target;
        var before = await LookAsync(target, cancellationToken);
        var dueAt = before.NotAfter - lineage.RenewBefore;
        var isDue = dueAt <= DateTime.UtcNow;
        var reload = new CertificateReload(session, certificate, request.Timeout);
        var deployment = new CertificateDeployment(reload, request.Timeout);
        if (isDue && !request.DryRun)
        {
            await RequireWebServerAsync(name, reload, cancellationToken);
        }

        if (changes.IsWhatIf)
        {
            await PlanAsync(target, request.DryRun, isDue, dueAt, deployment, cancellationToken);
            return;
        }

        var change = new Change(request.DryRun ? "Try to renew the certificate" : "Renew the certificate", name, host.Name) { Before = Shown(before.Thumbprint) };
        if (!await changes.ConfirmAsync(change, cancellationToken))
        {
            return;
        }

        var result = await changes.RunAsync(
            change,
            async token =>
            {
                var done = await RenewAsync(target, request, before, reload, deployment, token);
                return WithSchedule(done, await new CertbotSchedule(host).ReadAsync(lineage, CancellationToken.None), target);
            },
            done => new ChangeResult(ChangeResult.OutcomeOf(done.Outcome), done.Message) { After = Shown(done.Thumbprint) },
            cancellationToken);
        await output.WriteAsync(result, cancellationToken);
        if (result.Outcome is not (ServiceOutcome.Done or ServiceOutcome.Unchanged))
        {
            output.Error(new OpsException(
                result.Reason ?? "Certificate.NotDeployed", OpsErrorKind.OperationFailed, $"The certificate '{name}' on {host.Name} was not renewed: {result.Message}.", result.NextStep, name));
        }
    }

    // A certificate that cannot be put into service would only use up the authority's limits.
    private async Task RequireWebServerAsync(string name, CertificateReload reload, CancellationToken cancellationToken)
    {
        try
        {
            await reload.TestAsync(cancellationToken);
        }
        catch (OpsException error) when (error.Id == "WebServer.ConfigInvalid")
        {
            changes.Require("WebServerValid", satisfied: false, $"{error.Message.TrimEnd('.')}, so a new certificate could not be put into service.", "Mend it first: Test-WebServerConfig.", name);
        }
    }

    private async Task PlanAsync(RenewalTarget target, bool dryRun, bool isDue, DateTime? dueAt, CertificateDeployment deployment, CancellationToken cancellationToken)
    {
        var (name, host, lineage, _) = target;
        var command = $"certbot renew --cert-name {lineage.Name}{(dryRun ? " --dry-run" : string.Empty)}";
        var when = lineage.IsDisabled ? "which does nothing: autorenew = False"
            : dryRun ? $"asks {lineage.OtherServer ?? "the staging server of Let's Encrypt"} and keeps nothing; its hooks before and after run"
            : $"due {(isDue ? "since" : "not before")} {Display.Moment(dueAt)}, which certbot decides";
        await changes.PlanAsync(dryRun ? "DryRun" : "Renew", name, host.Name, $"{command}: {when}", cancellationToken);
        if (isDue && !dryRun && !lineage.IsDisabled)
        {
            await deployment.PlanAsync(changes, name, host, cancellationToken);
        }
    }

    private async Task<CertificateChange> RenewAsync(
        RenewalTarget target, CertificateRenewalRequest request, CertificateStatus before, CertificateReload reload, CertificateDeployment deployment, CancellationToken cancellationToken)
    {
        var certbot = new Certbot(target.Host, request.CertbotProgram);
        var links = await CertbotLinks.ReadAsync(target.Host, target.Lineage, cancellationToken);
        CertbotRun run;
        CertificateStatus now;
        try
        {
            output.Progress("Renewing certificates", target.Name, null);
            run = await certbot.RenewAsync(target.Lineage, request.DryRun, cancellationToken);
            now = await LookAsync(target, cancellationToken);
        }
        catch
        {
            // What was begun and not judged is not left between two versions.
            if (await links.RestoreAsync() is { } left)
            {
                output.Warning($"'{target.Name}' on {target.Host.Name}: {left}");
            }

            throw;
        }

        var result = Result(target, request.DryRun ? "DryRun" : "Renew", before);
        var renewed = now.Thumbprint != before.Thumbprint;
        if (run.ExitCode != 0 && !renewed)
        {
            return await FailedAsync(result, certbot, target.Lineage, run, cancellationToken);
        }

        if (request.DryRun)
        {
            return WithHooks(result with { Status = HealthStatus.Healthy, Message = $"{target.Lineage.OtherServer ?? "the staging server of Let's Encrypt"} would renew it; nothing was replaced" }, run);
        }

        if (!renewed)
        {
            return run.IsNotDue ? await NotDueAsync(result, target, reload, deployment, cancellationToken)
                : result with { Outcome = ServiceOutcome.Failed, Reason = "Certificate.RenewalFailed", Message = "certbot says that all is well, and the certificate is the one of before", NextStep = "See its log." };
        }

        var (outcome, served, message) = await deployment.EnforceAsync(_ => Task.CompletedTask, links.RestoreAsync, now.Thumbprint, cancellationToken);
        if (outcome != ServiceOutcome.Done)
        {
            return result with
            {
                Outcome = outcome,
                Reason = "Certificate.NotDeployed",
                Message = $"certbot renewed it, but {message}",
                NextStep = "Mend what the message names, then run this again: certbot still has the new certificate, and links it whenever it runs.",
            };
        }

        return WithHooks(
            Result(target, "Renew", now) with
            {
                Status = served == true ? HealthStatus.Healthy : HealthStatus.Warning,
                Outcome = outcome,
                PreviousThumbprint = before.Thumbprint,
                IsServed = served,
                Reason = served == false ? "Certificate.NotReloaded" : null,
                Message = $"renewed until {Display.Moment(now.NotAfter)}; {message}",
            },
            run);
    }

    private static async Task<CertificateChange> NotDueAsync(CertificateChange result, RenewalTarget target, CertificateReload reload, CertificateDeployment deployment, CancellationToken cancellationToken)
    {
        if (await MixedAsync(target, result, cancellationToken) is { } mixed)
        {
            return mixed;
        }

        var why = target.Lineage.IsDisabled ? "certbot is told not to renew it (autorenew = False)" : $"not due yet: valid until {Display.Moment(result.NotAfter)}";
        var (served, instead) = await reload.LookAsync(result.Thumbprint!, cancellationToken);
        if (served == false && reload.Target is not null)
        {
            // Renewed before, and nobody has reloaded the server.
            var (outcome, isServed, message) = await deployment.EnforceAsync(_ => Task.CompletedTask, () => Task.FromResult<string?>("the files are as before"), result.Thumbprint, cancellationToken);
            return result with
            {
                Status = outcome == ServiceOutcome.Done ? HealthStatus.Healthy : HealthStatus.Critical,
                Outcome = outcome,
                IsServed = isServed,
                Reason = outcome == ServiceOutcome.Done ? null : "Certificate.NotDeployed",
                Message = $"{why}, but {instead}; {message}",
            };
        }

        var expired = result.NotAfter <= DateTime.UtcNow;
        return result with
        {
            Status = expired ? HealthStatus.Critical : served == false || target.Lineage.IsDisabled ? HealthStatus.Warning : HealthStatus.Healthy,
            Outcome = ServiceOutcome.Unchanged,
            IsServed = served,
            Reason = target.Lineage.IsDisabled ? "Certificate.RenewalDisabled" : served == false ? "Certificate.NotReloaded" : null,
            Message = served == false ? $"{why}; {instead}" : why,
            NextStep = target.Lineage.IsDisabled ? $"Take that line out of {target.Lineage.ConfigFile}." : served == false ? "Reload the server: Restart-OpsService NAME -Reload." : null,
        };
    }

    // certbot judges by its cert.pem alone, while servers read fullchain.pem, into which somebody may have put another one.
    private static async Task<CertificateChange?> MixedAsync(RenewalTarget target, CertificateChange result, CancellationToken cancellationToken)
    {
        if (target.Lineage.Certificate is not { } file || file == target.File)
        {
            return null;
        }

        var own = (await new CertificateProbe(target.Host, new CertificateTerms()).LookAsync(new CertificateQuery { File = file }, cancellationToken))[0];
        return own.Thumbprint == result.Thumbprint ? null : result with
        {
            Status = HealthStatus.Warning,
            Outcome = ServiceOutcome.Unchanged,
            Reason = "Certificate.LineageMixed",
            Message = $"not due to certbot, which judges by {file}, while {target.File} holds another certificate, until {Display.Moment(result.NotAfter)}",
            NextStep = "Put back what was replaced (New-TemporaryCertificate -Undo), or issue it once more: certbot certonly --cert-name NAME.",
        };
    }

    private static async Task<CertificateChange> FailedAsync(CertificateChange result, Certbot certbot, CertbotLineage lineage, CertbotRun run, CancellationToken cancellationToken)
    {
        var failure = CertbotFailure.Find(run.Text) ?? CertbotFailure.Find(await certbot.LogAsync(lineage, cancellationToken)) ?? CertbotFailure.Unknown(run.Text);
        var holder = failure.Id == "Certificate.RenewalBusy" ? await certbot.LockHolderAsync(lineage, cancellationToken) : null;
        return result with
        {
            Outcome = ServiceOutcome.Failed,
            Reason = failure.Id,
            Message = holder is null ? failure.Cause : $"another certbot runs: {holder}",
            NextStep = failure.NextStep,
        };
    }

    private static CertificateChange WithHooks(CertificateChange result, CertbotRun run) => run.HookFailure is not { } hook ? result : result with
    {
        Status = HealthStatus.Warning,
        Reason = result.Reason ?? "Certificate.RenewalHook",
        Message = $"{result.Message}; {hook}",
        NextStep = result.NextStep ?? "Run the hook by hand, and mend it.",
    };

    private static CertificateChange WithSchedule(CertificateChange result, RenewalSchedule schedule, RenewalTarget target) =>
        schedule.IsScheduled != false || target.Lineage.IsDisabled || result.Outcome is not (ServiceOutcome.Done or ServiceOutcome.Unchanged)
            ? result with { Schedule = schedule }
            : result with
            {
                Status = HealthStatuses.Worst([result.Status, HealthStatus.Warning]),
                Schedule = schedule,
                Reason = result.Reason ?? CertbotLineage.UnscheduledReason,
                Message = $"{result.Message}; nothing renews it by itself: {schedule.Message}",
                NextStep = result.NextStep ?? CertbotLineage.UnscheduledStep,
            };

    private CertificateChange Result(RenewalTarget target, string action, CertificateStatus status) => new()
    {
        Status = HealthStatus.Critical,
        Name = target.Name,
        Action = action,
        Outcome = ServiceOutcome.Done,
        Host = target.Host.Name,
        Stack = session.Stack.Name,
        File = target.File,
        Key = target.Lineage.Key ?? string.Empty,
        Thumbprint = status.Thumbprint,
        PreviousThumbprint = status.Thumbprint,
        Names = status.Names,
        NotAfter = status.NotAfter,
        Message = string.Empty,
    };
}
