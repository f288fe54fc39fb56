using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Safety;

namespace OpsRunbook.Engine.Certificates;

/// <summary>Puts replaced files into service: tested, reloaded and proved by a handshake, or everything is as it was.</summary>
/// <param name="reload">The server that shall take them up.</param>
/// <param name="timeout">Longest time for the reload that takes them back.</param>
internal sealed class CertificateDeployment(CertificateReload reload, TimeSpan timeout)
{
    /// <summary>Emits what would be done after the files are replaced.</summary>
    /// <param name="changes">Takes the plan.</param>
    /// <param name="name">The certificate.</param>
    /// <param name="host">Where connections start.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>A task.</returns>
    public async Task PlanAsync(ChangeRunner changes, string name, IHost host, CancellationToken cancellationToken)
    {
        if (reload.Target is { } target)
        {
            await changes.PlanAsync("Reload", target.Name, target.Host, $"{(target.IsNginx ? "nginx -t, then " : string.Empty)}reload", cancellationToken);
        }

        if (reload.Endpoint is { } endpoint)
        {
            await changes.PlanAsync("Verify", name, host.Name, $"a handshake with {endpoint}; otherwise put the files back", cancellationToken);
        }
    }

    /// <summary>Replaces the files and puts them into service.</summary>
    /// <param name="replace">Replaces them.</param>
    /// <param name="restore">Puts them back; gives null, or what is left as a clause.</param>
    /// <param name="thumbprint">SHA-256 of the certificate that must be served; null when that is not known.</param>
    /// <param name="cancellationToken">Ends the work, after which the files are as they were.</param>
    /// <returns>How it ended, whether it is served, and a clause about both.</returns>
    public async Task<(ServiceOutcome Outcome, bool? IsServed, string Message)> EnforceAsync(
        Func<CancellationToken, Task> replace, Func<Task<string?>> restore, string? thumbprint, CancellationToken cancellationToken)
    {
        var reloaded = false;
        string why;
        try
        {
            await replace(cancellationToken);
            await reload.TestAsync(cancellationToken);
            if (reload.Target is null)
            {
                // Somebody else may have reloaded it: a hook of certbot.
                var (isServed, other) = thumbprint is null ? (null, null) : await reload.LookAsync(thumbprint, cancellationToken);
                return (ServiceOutcome.Done, isServed, isServed == true
                    ? "it is served"
                    : $"{(other is null ? "the files are in place" : $"the files are in place, but {other}")}; the stack names nothing to reload, so reload the server by hand");
            }

            reloaded = true;
            await reload.ReloadAsync(cancellationToken);
            var (served, instead) = thumbprint is null ? (null, null) : await reload.ProveAsync(thumbprint, cancellationToken);
            if (served != false)
            {
                return (ServiceOutcome.Done, served, served == true ? $"{reload.Target.Name} was reloaded and serves it" : $"{reload.Target.Name} was reloaded; nothing shows what it serves");
            }

            why = $"{reload.Target.Name} was reloaded, but {instead}";
        }
        catch (OpsException error)
        {
            why = error.Message.TrimEnd('.');
        }
        catch (OperationCanceledException)
        {
            why = "it was interrupted";
        }

        var left = await restore();
        if (reloaded && left is null)
        {
            left = await ReloadBackAsync();
        }

        return left is null ? (ServiceOutcome.Reverted, null, $"{why}; the old files are back") : (ServiceOutcome.Failed, null, $"{why}; {left}");
    }

    private async Task<string?> ReloadBackAsync()
    {
        using var limit = new CancellationTokenSource(timeout);
        try
        {
            await reload.ReloadAsync(limit.Token);
            return null;
        }
        catch (Exception error) when (error is OpsException or OperationCanceledException)
        {
            return $"the old files are back, but {reload.Target!.Name} was not reloaded ({error.Message.TrimEnd('.')})";
        }
    }
}
