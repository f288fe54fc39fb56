using OpsRunbook.Engine.Endpoints;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Certificates;

/// <summary>Puts a self-signed certificate in the place of one of the stack, and puts that back again.</summary>
/// <param name="session">The stack in use.</param>
/// <param name="changes">The road of every change.</param>
/// <param name="output">Takes results and errors.</param>
/// <param name="timeout">Longest time for the reload and for the proof.</param>
public sealed class TemporaryCertificates(StackSession session, ChangeRunner changes, IOperationOutput output, TimeSpan timeout)
{
    /// <summary>Deploys a temporary certificate.</summary>
    /// <param name="name">Certificate of the stack.</param>
    /// <param name="request">What it shall be.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>A task that ends when it is served, or everything is as it was.</returns>
    public async Task DeployAsync(string name, TemporaryCertificateRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        try
        {
            var (certificate, file, key) = Find(name);
            var host = session.Host(certificate.Host);
            var before = await LookAsync(certificate, host, cancellationToken);
            var present = before.Where(status => status.Thumbprint is not null).ToList();
            changes.Require(
                "CertificateUsable",
                before.Any(status => status.Status == HealthStatus.Critical),
                $"The certificate '{name}' is not broken: {before[0].Message.TrimEnd('.')}. A self-signed one in its place would make every client complain.",
                "Renew it instead (Update-Certificate).",
                name);
            var names = Names(certificate, request, present);
            var deployment = new CertificateDeployment(new CertificateReload(session, certificate, timeout), timeout);
            if (changes.IsWhatIf)
            {
                await changes.PlanAsync("Issue", name, host.Name, $"self-signed {(request.Rsa ? "RSA 2048" : "ECDSA P-256")} for {string.Join(", ", names)}, {Duration.Format(request.For)}", cancellationToken);
                await changes.PlanAsync("Write", name, host.Name, $"{file} and {key}; the old files are kept beside them", cancellationToken);
                await deployment.PlanAsync(changes, name, host, cancellationToken);
                return;
            }

            var change = new Change($"Deploy a temporary certificate for {Duration.Format(request.For)}", name, host.Name) { Before = Shown(present.FirstOrDefault()?.Thumbprint) };
            if (!await changes.ConfirmAsync(change, cancellationToken))
            {
                return;
            }

            await EmitAsync(
                change,
                async token =>
                {
                    var made = TemporaryCertificate.Issue(names, request.Rsa, request.For);
                    var files = new ReplacedFiles(host);
                    var (outcome, served, message) = await deployment.EnforceAsync(each => WriteAsync(files, [(key, made.Key), (file, made.Certificate)], keep: true, each), files.RestoreAsync, made.Thumbprint, token);
                    var done = outcome == ServiceOutcome.Done;
                    return Result(name, "Temporary", outcome, certificate, served, message) with
                    {
                        PreviousFile = done ? files.KeptAs(file) : null,
                        PreviousKey = done ? files.KeptAs(key) : null,
                        Thumbprint = done ? made.Thumbprint : present.FirstOrDefault()?.Thumbprint,
                        PreviousThumbprint = present.Find(status => status.Source == file)?.Thumbprint ?? present.FirstOrDefault()?.Thumbprint,
                        Names = names,
                        NotAfter = done ? made.NotAfter : present.FirstOrDefault()?.NotAfter,
                    };
                },
                cancellationToken);
        }
        catch (OpsException error)
        {
            output.Error(error);
        }
    }

    /// <summary>Puts back what a temporary certificate has replaced.</summary>
    /// <param name="made">The result of its deployment.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>A task that ends when the old one is served again, or the temporary one still is.</returns>
    public async Task UndoAsync(CertificateChange made, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(made);
        try
        {
            if (made is not { Action: "Temporary", Outcome: ServiceOutcome.Done })
            {
                throw new OpsException("Certificate.NothingToUndo", OpsErrorKind.InvalidArgument, $"Nothing of '{made.Name}' is to be put back: {made.Message}", "Pipe the result of a deployment that is done.", made.Name);
            }

            var (certificate, file, key) = Find(made.Name);
            var host = session.Host(certificate.Host);
            if ((file, key, host.Name) != (made.File, made.Key, made.Host))
            {
                throw new OpsException(
                    "Certificate.MemberChanged", OpsErrorKind.Refused, $"'{made.Name}' of the stack '{session.Stack.Name}' has other files now than were replaced ({made.File}).", "Name the stack that it was in with -Stack.", made.Name);
            }

            var now = (await LookAsync(new StackCertificate { File = file, Host = certificate.Host }, host, cancellationToken))[0].Thumbprint;
            changes.Require(
                "CertificateReplaced",
                now == made.Thumbprint,
                $"{file} does not hold the temporary certificate any more: it was renewed or replaced meanwhile.",
                $"Leave it; the files of before are {made.PreviousFile} and {made.PreviousKey}.",
                made.Name);
            var old = await KeptAsync(host, made, cancellationToken);
            var deployment = new CertificateDeployment(new CertificateReload(session, certificate, timeout), timeout);
            if (changes.IsWhatIf)
            {
                await changes.PlanAsync("Write", made.Name, host.Name, $"{file} and {key} as they were", cancellationToken);
                await deployment.PlanAsync(changes, made.Name, host, cancellationToken);
                return;
            }

            var change = new Change("Put the certificate of before back", made.Name, host.Name) { Before = Shown(now) };
            if (!await changes.ConfirmAsync(change, cancellationToken))
            {
                return;
            }

            await EmitAsync(
                change,
                async token =>
                {
                    var files = new ReplacedFiles(host);
                    var (outcome, served, message) = await deployment.EnforceAsync(each => WriteAsync(files, old, keep: false, each), files.RestoreAsync, made.PreviousThumbprint, token);
                    var done = outcome == ServiceOutcome.Done;
                    foreach (var kept in new[] { made.PreviousFile!, made.PreviousKey! }.Where(_ => done))
                    {
                        await files.RemoveAsync(kept, CancellationToken.None);
                    }

                    return Result(made.Name, "Undo", outcome, certificate, served, message) with
                    {
                        PreviousFile = done ? null : made.PreviousFile,
                        PreviousKey = done ? null : made.PreviousKey,
                        Thumbprint = done ? made.PreviousThumbprint : made.Thumbprint,
                        PreviousThumbprint = made.Thumbprint,
                        NotAfter = done ? (await LookAsync(new StackCertificate { File = file, Host = certificate.Host }, host, token))[0].NotAfter : made.NotAfter,
                    };
                },
                cancellationToken);
        }
        catch (OpsException error)
        {
            output.Error(error);
        }
    }

    private static Dictionary<string, string?> Shown(string? thumbprint) => new(StringComparer.Ordinal) { ["thumbprint"] = thumbprint };

    private static async Task<IReadOnlyList<CertificateStatus>> LookAsync(StackCertificate certificate, IHost host, CancellationToken cancellationToken)
    {
        var probe = new CertificateProbe(host, new CertificateTerms { Warning = certificate.Warning, Critical = TimeSpan.Zero });
        var query = CertificateTest.QueryOf(null, certificate);
        try
        {
            return await probe.LookAsync(query, cancellationToken);
        }
        catch (OpsException error)
        {
            // The endpoint may be down for want of the file, and the other way round.
            var nothing = probe.Nothing(query, error);
            try
            {
                return query is { Endpoint: not null, File: not null } ? [nothing, .. await probe.LookAsync(query with { Endpoint = null }, cancellationToken)] : [nothing];
            }
            catch (OpsException)
            {
                return [nothing];
            }
        }
    }

    private static async Task WriteAsync(ReplacedFiles files, IReadOnlyList<(string Path, byte[] Content)> contents, bool keep, CancellationToken cancellationToken)
    {
        foreach (var (path, content) in contents)
        {
            await files.WriteAsync(path, content, keep, cancellationToken);
        }
    }

    private static IReadOnlyList<string> Names(StackCertificate certificate, TemporaryCertificateRequest request, List<CertificateStatus> present)
    {
        var names = request.Names.Count > 0 ? request.Names
            : present.FirstOrDefault(status => status.Names.Count > 0)?.Names
            ?? (certificate.ServerName is { } name ? [name] : certificate.Endpoint is { } endpoint ? [Endpoint.Split(endpoint, 443).Host] : []);
        return names.Count > 0 ? names : throw new OpsException(
            "Certificate.NamesMissing", OpsErrorKind.InvalidArgument, "It is not known which names the certificate shall be for.", "Name them with -DnsName.", certificate.File);
    }

    private static async Task<IReadOnlyList<(string Path, byte[] Content)>> KeptAsync(IHost host, CertificateChange made, CancellationToken cancellationToken)
    {
        if (made is not { PreviousFile: { } file, PreviousKey: { } key })
        {
            throw new OpsException("Certificate.NothingToUndo", OpsErrorKind.InvalidArgument, $"Before the temporary certificate of '{made.Name}' there was none.", "Install a certificate of an authority.", made.Name);
        }

        return
        [
            (made.Key, await host.ReadFileAsync(key, CertificateFile.MaximumBytes, cancellationToken) ?? throw CertificateErrors.FileMissing(host.Name, key)),
            (made.File, await host.ReadFileAsync(file, CertificateFile.MaximumBytes, cancellationToken) ?? throw CertificateErrors.FileMissing(host.Name, file)),
        ];
    }

    private (StackCertificate Certificate, string File, string Key) Find(string name)
    {
        if (!session.Stack.Certificates.TryGetValue(name, out var certificate))
        {
            throw new OpsException(
                "Certificate.MemberNotFound", OpsErrorKind.NotFound, $"The stack '{session.Stack.Name}' has no certificate '{name}'.", Nearest.Suggest(name, session.Stack.Certificates.Keys), name);
        }

        return certificate is { File: { } file, Key: { } key }
            ? (certificate, file, key)
            : throw new OpsException(
                "Certificate.PathMissing", OpsErrorKind.InvalidArgument, $"The stack does not say where the files of '{name}' lie.", "Give it 'file' and 'key' in the stack file.", name);
    }

    private CertificateChange Result(string name, string action, ServiceOutcome outcome, StackCertificate certificate, bool? served, string message) => new()
    {
        Status = outcome != ServiceOutcome.Done ? HealthStatus.Critical : served == true ? HealthStatus.Healthy : HealthStatus.Warning,
        Name = name,
        Action = action,
        Outcome = outcome,
        Host = session.Host(certificate.Host).Name,
        Stack = session.Stack.Name,
        File = certificate.File!,
        Key = certificate.Key!,
        IsServed = served,
        Message = message,
    };

    private async Task EmitAsync(Change change, Func<CancellationToken, Task<CertificateChange>> work, CancellationToken cancellationToken)
    {
        var result = await changes.RunAsync(
            change,
            work,
            done => new ChangeResult(ChangeResult.OutcomeOf(done.Outcome), done.Message) { After = Shown(done.Thumbprint) },
            cancellationToken);
        await output.WriteAsync(result, cancellationToken);
        if (result.Outcome != ServiceOutcome.Done)
        {
            output.Error(new OpsException("Certificate.NotDeployed", OpsErrorKind.OperationFailed, $"The certificate of '{result.Name}' was not replaced: {result.Message}.", "See what the message names, and try again.", result.Name));
        }
    }
}
