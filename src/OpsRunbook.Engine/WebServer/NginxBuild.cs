using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Services;

namespace OpsRunbook.Engine.WebServer;

/// <summary>How an nginx was built.</summary>
/// <param name="Version">Its version; null when it does not say.</param>
/// <param name="ConfigFile">Main file that it reads when it is given none; null when it does not say.</param>
/// <param name="PidFile">Where it keeps the id of its master process when the configuration does not say; null when it does not say.</param>
internal sealed record NginxBuild(string? Version, string? ConfigFile, string? PidFile)
{
    private const int CommandNotFound = 127;

    /// <summary>Asks the program.</summary>
    /// <param name="host">Host, or container, that has it.</param>
    /// <param name="cancellationToken">Ends the question.</param>
    /// <returns>What it says.</returns>
    /// <exception cref="OpsException"><c>WebServer.NotInstalled</c>.</exception>
    public static async Task<NginxBuild> ReadAsync(IHost host, CancellationToken cancellationToken)
    {
        var result = await host.RunAsync(NginxTest.Command("-V"), cancellationToken);
        if (result.ExitCode == CommandNotFound)
        {
            throw new OpsException(
                "WebServer.NotInstalled", OpsErrorKind.NotInstalled, $"nginx is not installed on {host.Name}: there is no program 'nginx'.", "Check 'host' and 'manager' of the web server in the stack file.", host.Name);
        }

        var words = result.StandardError.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return new NginxBuild(After("nginx/") ?? After("openresty/"), After("--conf-path="), After("--pid-path="));

        string? After(string prefix) => Array.Find(words, word => word.StartsWith(prefix, StringComparison.Ordinal))?[prefix.Length..];
    }
}
