using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Logs.Sources;

namespace OpsRunbook.Engine.Services;

/// <summary>Acts on applications of pm2, which are always named by their ids.</summary>
public sealed class Pm2Control : IServiceControl
{
    private static readonly string[] LogPaths = ["pm_out_log_path", "pm_err_log_path"];

    /// <inheritdoc/>
    public ServiceManagerKind Kind => ServiceManagerKind.Pm2;

    /// <inheritdoc/>
    public OpsException? Refuse(ServiceAction action, ServiceTarget target, UnitState state)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(state);
        if (state.Reason == "Service.NotFound")
        {
            return ServiceErrors.NotFound(target);
        }

        if (state.InstanceList.Count == 0)
        {
            return new OpsException(
                "Service.ManagerDown",
                OpsErrorKind.NotInstalled,
                $"The pm2 daemon that should run '{target.Name}' on host '{target.Host}' does not run.",
                "Start it with 'pm2 resurrect' as its user, or by its init script (pm2 startup).",
                target.Name);
        }

        return action switch
        {
            ServiceAction.Reload when state.Instances == 0 => ServiceErrors.Cannot(target, action, "it does not run.", "Start it."),
            ServiceAction.Reload when state.Detail.GetValueOrDefault("exec_mode") as string != "cluster_mode" =>
                ServiceErrors.Cannot(target, action, "pm2 runs it in fork mode, where a reload is a restart.", "Restart it, or run it in cluster mode."),
            ServiceAction.Recreate => ServiceErrors.Cannot(
                target, action, "pm2 would take the environment of whoever calls it.", "Restart it, or change its environment with Set-ServiceEnvironment."),
            _ => null,
        };
    }

    /// <inheritdoc/>
    public string Describe(ServiceAction action, ServiceTarget target, UnitState state)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(state);
        return $"pm2 {Command(action, Ids(state))}";
    }

    /// <inheritdoc/>
    public async Task ActAsync(ServiceAction action, IHost host, ServiceTarget target, UnitState state, TimeSpan limit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(state);
        Require(target, action, await Pm2Shell.RunAsync(host, target.Unit, Command(action, Ids(state)), [], limit, cancellationToken));
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> ReadLogAsync(IHost host, ServiceTarget target, UnitState state, int lines, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(state);
        var files = LogPaths
            .Select(name => state.Detail.GetValueOrDefault(name) as string)
            .Where(path => path?.StartsWith('/') == true)
            .Distinct(StringComparer.Ordinal);
        var read = new List<string>();
        foreach (var file in files)
        {
            // What it says of its own end is written last, so the error log comes last here too.
            read.AddRange(await HostFile.LastLinesAsync(host, file!, lines, cancellationToken));
        }

        return read.TakeLast(lines).ToList();
    }

    /// <summary>Turns a refusal of pm2 into an error.</summary>
    internal static void Require(ServiceTarget target, ServiceAction action, CommandResult result)
    {
        if (result.ExitCode == Pm2Shell.NoDaemon)
        {
            throw ServiceErrors.Failed(target, action, "the pm2 daemon ended meanwhile.");
        }

        if (!result.Succeeded)
        {
            throw ServiceErrors.Failed(target, action, result.Summary);
        }
    }

    private static string Ids(UnitState state) => string.Join(' ', state.InstanceList.Select(instance => instance.Id));

    private static string Command(ServiceAction action, string ids) => action switch
    {
        ServiceAction.Start => $"start {ids} --silent",
        ServiceAction.Stop => $"stop {ids} --silent",
        ServiceAction.Reload => $"reload {ids} --silent",
        _ => $"restart {ids} --silent",
    };
}
