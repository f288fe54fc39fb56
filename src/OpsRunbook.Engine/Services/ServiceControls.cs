namespace OpsRunbook.Engine.Services;

/// <summary>The controls of the known service managers.</summary>
public static class ServiceControls
{
    private static readonly IServiceControl[] All =
    [
        new SystemdControl(), new Pm2Control(), new ComposeControl(), new DockerControl(), new ProcessControl(),
    ];

    /// <summary>The control of a manager.</summary>
    /// <param name="kind">Which manager.</param>
    /// <returns>The control.</returns>
    public static IServiceControl Get(ServiceManagerKind kind) => Array.Find(All, control => control.Kind == kind)
        ?? throw new ArgumentOutOfRangeException(nameof(kind), kind, "There is no such service manager.");
}
