using OpsRunbook.Engine.Docker;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Services;

/// <summary>Has nginx test its configuration, without which it is neither restarted nor reloaded: one that is refused would not come back.</summary>
internal static class NginxTest
{
    // An ordinary user's PATH, which SSH gives, does not have it.
    private const string Script = """PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"; export PATH; exec nginx "$@" """;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>A command of the program <c>nginx</c>.</summary>
    /// <param name="arguments">Its arguments.</param>
    /// <returns>The command.</returns>
    public static HostCommand Command(params string[] arguments) => new(["sh", "-c", Script, "sh", .. arguments]) { Timeout = Limit };

    /// <summary>The command that asks a running nginx to take up its configuration; it does so in its own time.</summary>
    /// <param name="target">The web server.</param>
    /// <returns>The command.</returns>
    public static HostCommand ReloadCommand(ServiceTarget target) => Command([.. ConfigurationOf(target), "-s", "reload"]);

    /// <summary>Throws when the configuration would be refused.</summary>
    /// <param name="host">Host of the web server.</param>
    /// <param name="target">The web server.</param>
    /// <param name="state">Its state; of a container, which one to ask.</param>
    /// <param name="cancellationToken">Ends the test.</param>
    /// <returns>A task that ends when the configuration was accepted, or could not be tested because the container is down.</returns>
    /// <exception cref="OpsException"><c>WebServer.ConfigInvalid</c>, with nginx's own words, which name file and line.</exception>
    public static async Task RequireValidAsync(IHost host, ServiceTarget target, UnitState state, CancellationToken cancellationToken)
    {
        string[] arguments = ["-t", "-q", .. ConfigurationOf(target)];
        CommandResult result;
        if (target.Manager is ServiceManagerKind.Docker or ServiceManagerKind.Compose)
        {
            if (state.InstanceList.FirstOrDefault(instance => instance.State == "running") is not { } running)
            {
                return;
            }

            using var docker = new DockerClient(host, target.Unit.DockerEndpoint);
            result = (await docker.ExecAsync(running.Id, new HostCommand(["nginx", .. arguments]) { Timeout = Limit }, cancellationToken)).ToCommandResult();
        }
        else
        {
            result = await host.RunAsync(Command(arguments), cancellationToken);
        }

        if (!result.Succeeded)
        {
            var lines = result.StandardError.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            var text = Array.Find(lines, line => line.Contains("[emerg]", StringComparison.Ordinal)) ?? result.Summary;
            throw new OpsException(
                "WebServer.ConfigInvalid",
                OpsErrorKind.InvalidData,
                $"nginx '{target.Name}' on host '{target.Host}' refuses its configuration: {text}",
                "It goes on with the configuration that it has. Mend the file, and test it with 'nginx -t'.",
                target.Name);
        }
    }

    private static string[] ConfigurationOf(ServiceTarget target) => target.WebServer?.Config is { } config ? ["-c", config] : [];
}
