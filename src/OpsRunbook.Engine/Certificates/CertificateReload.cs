using System.Diagnostics;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Services;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Certificates;

/// <summary>Has the server of a stack's certificate take up what lies in its files, and proves by a handshake that it did.</summary>
/// <param name="session">The stack in use.</param>
/// <param name="certificate">The certificate.</param>
/// <param name="timeout">Longest time for the reload and for the proof.</param>
internal sealed class CertificateReload(StackSession session, StackCertificate certificate, TimeSpan timeout)
{
    // A worker of before may take a connection after one of the new ones did.
    private const int Proofs = 3;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    /// <summary>Member that is reloaded; null when the stack names none.</summary>
    public ServiceTarget? Target { get; } = certificate.Reload is not { } name ? null
        : ServiceTargets.Of(session.Stack).FirstOrDefault(target => target.Name == name)
            ?? (session.Stack.WebServers.TryGetValue(name, out var server)
                ? new ServiceTarget(name, MemberKind.WebServer, ServiceManagerKind.Process, new UnitReference(server.Unit ?? name), server.Host, null, server)
                : null);

    /// <summary>Where the certificate is served; null when the stack names no endpoint.</summary>
    public string? Endpoint => certificate.Endpoint;

    /// <summary>Throws when the server would refuse its configuration with the files as they are.</summary>
    /// <param name="cancellationToken">Ends the test.</param>
    /// <returns>A task that ends when it is accepted; at once for a server that cannot be asked.</returns>
    /// <exception cref="OpsException"><c>WebServer.ConfigInvalid</c>.</exception>
    public async Task TestAsync(CancellationToken cancellationToken)
    {
        if (Target is { IsNginx: true } target)
        {
            await NginxTest.RequireValidAsync(session.Host(target.HostName), target, await StateAsync(target, cancellationToken), cancellationToken);
        }
    }

    /// <summary>Reloads the server.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>A task that ends when the reload was taken up; at once when there is nothing to reload.</returns>
    /// <exception cref="OpsException"><c>Certificate.ReloadFailed</c>, or of the manager.</exception>
    public async Task ReloadAsync(CancellationToken cancellationToken)
    {
        if (Target is not { } target)
        {
            return;
        }

        var host = session.Host(target.HostName);
        if (target is { IsNginx: true, Manager: ServiceManagerKind.Process })
        {
            var result = await host.RunAsync(NginxTest.ReloadCommand(target), cancellationToken);
            if (!result.Succeeded)
            {
                throw new OpsException(
                    "Certificate.ReloadFailed", OpsErrorKind.OperationFailed, $"nginx '{target.Name}' on host '{target.Host}' does not reload: {result.Summary}", "See whether it runs, and its error log.", target.Name);
            }

            return;
        }

        var state = await StateAsync(target, cancellationToken);
        var control = ServiceControls.Get(target.Manager);
        if (control.Refuse(ServiceAction.Reload, target, state) is { } refusal)
        {
            throw refusal;
        }

        await control.ActAsync(ServiceAction.Reload, host, target, state, timeout, cancellationToken);
    }

    /// <summary>Waits until the endpoint serves a certificate: workers of before may answer for a moment.</summary>
    /// <param name="thumbprint">SHA-256 of the certificate.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Whether it is served, and what is instead; null when the stack names no endpoint.</returns>
    public async Task<(bool? IsServed, string? Instead)> ProveAsync(string thumbprint, CancellationToken cancellationToken)
    {
        var seen = 0;
        for (var clock = Stopwatch.StartNew(); ; await Task.Delay(Interval, cancellationToken))
        {
            var look = await LookAsync(thumbprint, cancellationToken);
            seen = look.IsServed == true ? seen + 1 : 0;
            if (look.IsServed is null || seen == Proofs || clock.Elapsed > timeout)
            {
                return look;
            }
        }
    }

    /// <summary>Looks once whether the endpoint serves a certificate.</summary>
    /// <param name="thumbprint">SHA-256 of the certificate.</param>
    /// <param name="cancellationToken">Ends the look.</param>
    /// <returns>Whether it is served, and what is instead; null when the stack names no endpoint.</returns>
    public async Task<(bool? IsServed, string? Instead)> LookAsync(string thumbprint, CancellationToken cancellationToken)
    {
        if (certificate.Endpoint is null)
        {
            return (null, null);
        }

        try
        {
            var probe = new CertificateProbe(session.Host(certificate.Host), new CertificateTerms { Timeout = timeout });
            var served = await probe.HandshakeAsync(CertificateTest.QueryOf(null, certificate), cancellationToken);
            return CertificateJudge.Thumbprint(served.Chain[0]) == thumbprint
                ? (true, null)
                : (false, $"{served.Target} serves another certificate (until {Display.Moment(served.Chain[0].NotAfter.ToUniversalTime())})");
        }
        catch (OpsException error)
        {
            return (false, error.Message.TrimEnd('.'));
        }
    }

    private async Task<UnitState> StateAsync(ServiceTarget target, CancellationToken cancellationToken) => target.Manager == ServiceManagerKind.Process
        ? new UnitState(HealthStatus.Unknown, string.Empty)
        : await ServiceReader.StateAsync(session.Host(target.HostName), target, cancellationToken);
}
