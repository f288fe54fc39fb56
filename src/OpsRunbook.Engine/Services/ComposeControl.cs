using System.Globalization;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Services;

/// <summary>Acts on services of compose projects. Only what the Engine API cannot do is left to the compose tool.</summary>
public sealed class ComposeControl : ContainerControl
{
    /// <inheritdoc/>
    public override ServiceManagerKind Kind => ServiceManagerKind.Compose;

    /// <inheritdoc/>
    public override OpsException? Refuse(ServiceAction action, ServiceTarget target, UnitState state)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(state);
        return state.Reason == "Service.Ambiguous" ? new OpsException("Service.Ambiguous", OpsErrorKind.InvalidArgument, $"'{target.Name}': {state.State}.", target: target.Name)

            // The compose tool makes the containers that are missing.
            : state.Reason == "Service.NotFound" && ComposeTool.CanMake(target) && action is ServiceAction.Start or ServiceAction.Recreate or ServiceAction.Restart ? null
            : base.Refuse(action, target, state);
    }

    /// <inheritdoc/>
    public override string Describe(ServiceAction action, ServiceTarget target, UnitState state)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(state);
        return UsesTool(action, state) ? $"docker compose {PosixShell.Quote(Up(action, target, state))}" : base.Describe(action, target, state);
    }

    /// <inheritdoc/>
    public override Task ActAsync(ServiceAction action, IHost host, ServiceTarget target, UnitState state, TimeSpan limit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(state);
        return UsesTool(action, state)
            ? ComposeTool.RunAsync(host, target, state, action, Up(action, target, state), limit, cancellationToken)
            : base.ActAsync(action, host, target, state, limit, cancellationToken);
    }

    private static bool UsesTool(ServiceAction action, UnitState state) => action == ServiceAction.Recreate || state.InstanceList.Count == 0;

    // Without a number the tool goes back to one instance.
    private static string[] Up(ServiceAction action, ServiceTarget target, UnitState state) =>
    [
        "up", "-d", "--no-deps",
        .. action == ServiceAction.Recreate ? new[] { "--force-recreate" } : [],
        .. state.InstanceList.Count > 1 ? new[] { "--scale", string.Create(CultureInfo.InvariantCulture, $"{target.Unit.Name}={state.InstanceList.Count}") } : [],
        target.Unit.Name,
    ];
}
