namespace OpsRunbook.Engine.Services;

/// <summary>Acts on single containers.</summary>
public sealed class DockerControl : ContainerControl
{
    /// <inheritdoc/>
    public override ServiceManagerKind Kind => ServiceManagerKind.Docker;

    /// <inheritdoc/>
    public override OpsException? Refuse(ServiceAction action, ServiceTarget target, UnitState state)
    {
        ArgumentNullException.ThrowIfNull(target);
        return action == ServiceAction.Recreate
            ? ServiceErrors.Cannot(target, action, "how a single container was made is known to nobody but who made it.", "Restart it, or describe it in a compose file.")
            : base.Refuse(action, target, state);
    }
}
