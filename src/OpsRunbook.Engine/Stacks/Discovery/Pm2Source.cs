using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Services;

namespace OpsRunbook.Engine.Stacks;

/// <summary>An application of pm2.</summary>
/// <param name="Name">Its name.</param>
/// <param name="User">Owner of the daemon; null for the connecting user.</param>
/// <param name="Home">Folder of the daemon; null for its owner's own.</param>
/// <param name="Pids">Processes of its instances.</param>
internal sealed record Pm2Application(string Name, string? User, string? Home, IReadOnlyList<int> Pids);

/// <summary>Reads the applications of every pm2 daemon that runs; none is started for it.</summary>
internal static class Pm2Source
{
    public static async Task<IReadOnlyList<Pm2Application>> ReadAsync(
        IHost host, IReadOnlyList<HostProcess> processes, IOperationOutput output, CancellationToken cancellationToken)
    {
        var daemons = ServiceOwners.OutsideContainers(processes)
            .Select(process => (process.User, Home: ServiceOwners.Pm2Home(process)))
            .Where(daemon => daemon.Home is not null)
            .Distinct()
            .ToList();
        if (daemons.Count == 0)
        {
            return [];
        }

        var self = (await host.RunAsync(new HostCommand("id", "-un"), cancellationToken)).StandardOutput.Trim();
        var applications = new List<Pm2Application>();
        foreach (var (user, home) in daemons)
        {
            try
            {
                applications.AddRange(await ReadAsync(host, user == self ? null : user, home!, cancellationToken));
            }
            catch (OpsException error)
            {
                output.Verbose($"The pm2 daemon of {user} on {host.Name} was left out: {error.Message}");
            }
        }

        return applications;
    }

    /// <summary>Reads the list that <c>pm2 jlist</c> prints, after whatever else it prints before.</summary>
    /// <param name="text">The output.</param>
    /// <param name="user">Owner of the daemon; null for the connecting user.</param>
    /// <param name="home">The daemon's folder.</param>
    /// <returns>The applications; null when there is no list.</returns>
    public static IReadOnlyList<Pm2Application>? Parse(string text, string? user, string home) => Pm2List
        .Read(text, entry => (
            Name: entry.TryGetProperty("name", out var name) ? name.ToString() : string.Empty,
            Pid: entry.TryGetProperty("pid", out var pid) && pid.TryGetInt32(out var number) ? number : 0))
        ?.Where(entry => entry.Name.Length > 0)
        .GroupBy(entry => entry.Name, StringComparer.Ordinal)
        .Select(group => new Pm2Application(group.Key, user, OwnHome(home), group.Select(entry => entry.Pid).Where(pid => pid > 0).ToList()))
        .ToList();

    // Where every user's pm2 has its folder need not be said.
    private static string? OwnHome(string home) => home.EndsWith("/.pm2", StringComparison.Ordinal) ? null : home;

    private static async Task<IReadOnlyList<Pm2Application>> ReadAsync(IHost host, string? user, string home, CancellationToken cancellationToken)
    {
        // Another user's client runs as that user: as root it would leave files of root in his folder.
        string[] client = ["env", "PM2_HOME=" + home, "pm2", "jlist", "--silent"];
        var result = await host.RunAsync(new HostCommand(user is null ? client : ["sudo", "-n", "-i", "-u", user, "--", .. client]), cancellationToken);
        return Parse(result.StandardOutput, user, home) ?? throw new OpsException(
            "Service.ManagerUnavailable", OpsErrorKind.NotInstalled, $"'pm2 jlist' printed no list: {result.Summary}", "Check that pm2 is in the PATH.", host.Name);
    }
}
