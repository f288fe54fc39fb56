using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Services;

/// <summary>The service managers that are known.</summary>
public static class ServiceManagers
{
    private static readonly IServiceManager[] All =
    [
        new SystemdManager(), new Pm2Manager(), new ComposeManager(), new DockerManager(), new ProcessManager(),
    ];

    /// <summary>The manager of a kind. Managers hold no state and serve every host.</summary>
    /// <param name="kind">Which one.</param>
    /// <returns>The manager.</returns>
    public static IServiceManager Get(ServiceManagerKind kind) => Array.Find(All, manager => manager.Kind == kind)
        ?? throw new ArgumentOutOfRangeException(nameof(kind), kind, "There is no such service manager.");

    internal static OpsException Unavailable(string manager, IHost host, string cause, Exception? inner = null) => new(
        "Service.ManagerUnavailable",
        OpsErrorKind.NotInstalled,
        $"{manager} on host '{host.Name}' cannot be asked: {cause}",
        "Check the 'manager' and 'host' keys of the service in the stack file.",
        host.Name,
        inner);
}
