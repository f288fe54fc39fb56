using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Services;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.WebServer;

/// <summary>Has web servers test their configuration, and looks at what is in effect.</summary>
/// <param name="session">The stack in use.</param>
/// <param name="webSocketPaths">Paths that must let WebSockets through.</param>
/// <param name="output">Takes a <see cref="WebServerConfig"/> for each nginx, and errors.</param>
public sealed class WebServerInspector(StackSession session, IReadOnlyList<string> webSocketPaths, IOperationOutput output)
{
    /// <summary>Looks at the web servers that names mean, all at once.</summary>
    /// <param name="names">Names with wildcards; none means every nginx of the stack.</param>
    /// <param name="cancellationToken">Ends the look.</param>
    /// <returns>A task that ends with the last result.</returns>
    public async Task RunAsync(IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(names);
        var chosen = WebServers.Select(session.Stack, names, output).Where(name => names.Count > 0 || session.Stack.WebServers[name].Engine == "nginx").ToList();
        if (chosen.Count == 0 && names.Count == 0)
        {
            throw new OpsException(
                "WebServer.MemberNotFound", OpsErrorKind.NotFound, $"The stack '{session.Stack.Name}' has no nginx.", "Add it to 'webServers' in the stack file.", session.Stack.Name);
        }

        await Task.WhenAll(chosen.Select(name => LookAsync(name, cancellationToken)));
    }

    private async Task LookAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            WebServers.RequireNginx(session.Stack, name);
            await using var instances = await NginxInstances.OpenAsync(session, name, cancellationToken);
            if (instances.All.Count == 0)
            {
                throw new OpsException("WebServer.NotRunning", OpsErrorKind.OperationFailed, $"No container of '{name}' runs, in which its configuration could be tested.", "Start it.", name);
            }

            foreach (var instance in instances.All)
            {
                await output.WriteAsync(await InspectAsync(instance, cancellationToken), cancellationToken);
            }
        }
        catch (OpsException error)
        {
            // One web server that cannot be looked at does not end the others' reports.
            output.Error(error);
        }
    }

    private async Task<WebServerConfig> InspectAsync(NginxInstance instance, CancellationToken cancellationToken)
    {
        var (host, web) = (instance.Host, instance.Target.WebServer!);
        var build = await NginxBuild.ReadAsync(host, cancellationToken);
        var file = web.Config ?? build.ConfigFile ?? NginxConfiguration.DefaultFile;
        string[] arguments = web.Config is null ? ["-t", "-q"] : ["-t", "-q", "-c", web.Config];
        var test = host.RunAsync(NginxTest.Command(arguments), cancellationToken);
        var configuration = await NginxConfiguration.ReadAsync(host, file, cancellationToken);
        var verdict = NginxVerdict.Of(await test);

        var report = new WebServerReport(configuration, Path.GetDirectoryName(file) ?? "/", web.ProxyTimeout, webSocketPaths);
        report.AddVerdict(verdict);
        if (verdict.IsValid == false)
        {
            await report.AddMissingCertificatesAsync(host, cancellationToken);
        }

        return report.ToConfig(instance.Target.Name, host.Name, session.Stack.Name, file, build.Version, verdict.IsValid);
    }
}
