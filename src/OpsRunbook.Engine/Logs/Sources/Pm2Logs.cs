using System.Text.Json;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Services;

namespace OpsRunbook.Engine.Logs.Sources;

/// <summary>
/// Finds the files to which pm2 writes the output of an application. They are read as files, bounded by time, and not with
/// <c>pm2 logs</c>, which never ends and knows only the last lines.
/// </summary>
internal static class Pm2Logs
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static readonly string[] Paths = ["pm_log_path", "pm_out_log_path", "pm_err_log_path"];

    /// <summary>The files of all instances of an application.</summary>
    /// <param name="host">Host of the daemon.</param>
    /// <param name="unit">The application.</param>
    /// <param name="output">Takes an error when the application has none.</param>
    /// <param name="cancellationToken">Ends the question.</param>
    /// <returns>Paths on that host.</returns>
    /// <exception cref="OpsException"><c>Service.ManagerUnavailable</c>, or a host error.</exception>
    public static async Task<IReadOnlyList<string>> FindAsync(IHost host, UnitReference unit, IOperationOutput output, CancellationToken cancellationToken)
    {
        var result = await Pm2Shell.RunAsync(host, unit, "jlist --silent", [], Limit, cancellationToken);
        var list = result.ExitCode == Pm2Shell.NoDaemon ? throw ServiceManagers.Unavailable("pm2", host, "its daemon does not run.")
            : Pm2List.Read(result.StandardOutput, PathsOf) ?? throw ServiceManagers.Unavailable("pm2", host, result.Summary);
        var paths = list.Where(process => process.Name == unit.Name).SelectMany(process => process.Paths).Distinct(StringComparer.Ordinal).ToList();
        if (paths.Count == 0)
        {
            output.Error(new OpsException(
                "Log.NoSource", OpsErrorKind.NotFound, $"pm2 on {host.Name} has no application '{unit.Name}' with log files.", "List what there is with 'pm2 ls'.", unit.Name));
        }

        return paths;
    }

    /// <summary>The module of pm2 that rotates what pm2 writes runs in the daemon.</summary>
    /// <param name="host">Host of the daemon.</param>
    /// <param name="unit">An application of it.</param>
    /// <param name="cancellationToken">Ends the question.</param>
    /// <returns>True when it does.</returns>
    public static async Task<bool> HasRotationAsync(IHost host, UnitReference unit, CancellationToken cancellationToken)
    {
        var result = await Pm2Shell.RunAsync(host, unit, "jlist --silent", [], Limit, cancellationToken);
        return Pm2List.Read(result.StandardOutput, process => process.GetProperty("name").ToString())?.Contains("pm2-logrotate", StringComparer.Ordinal) == true;
    }

    // Both outputs may go to one file, and a file that was turned off is /dev/null.
    private static (string Name, List<string> Paths) PathsOf(JsonElement process)
    {
        var environment = process.GetProperty("pm2_env");
        var paths = Paths
            .Select(name => environment.TryGetProperty(name, out var path) && path.ValueKind == JsonValueKind.String ? path.GetString()! : string.Empty)
            .Where(path => path.StartsWith('/') && path != "/dev/null")
            .ToList();

        // The combined file repeats the others.
        return (process.GetProperty("name").ToString(), paths.Count == 3 ? paths[1..] : paths);
    }
}
