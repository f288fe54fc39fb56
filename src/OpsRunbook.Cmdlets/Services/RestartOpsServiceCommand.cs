using System.Management.Automation;
using OpsRunbook.Engine;

namespace OpsRunbook.Cmdlets;

/// <summary>Restarts, reloads or recreates services, drained, in the order of their dependencies, and waits until each is healthy.</summary>
[Cmdlet(VerbsLifecycle.Restart, "OpsService", SupportsShouldProcess = true, DefaultParameterSetName = "Name")]
[OutputType(typeof(ServiceChange), typeof(OpsPlanStep))]
public sealed class RestartOpsServiceCommand : ServiceActionCmdlet
{
    /// <summary>Has the service read its configuration again, without interruption.</summary>
    [Parameter(ParameterSetName = "Name")]
    public SwitchParameter Reload { get; set; }

    /// <summary>Makes the service anew, with the environment and image that are configured now.</summary>
    [Parameter]
    public SwitchParameter Recreate { get; set; }

    private protected override ServiceAction Action => On(Reload) ? ServiceAction.Reload : On(Recreate) ? ServiceAction.Recreate : ServiceAction.Restart;

    /// <inheritdoc/>
    protected override Task BeginAsync(IOperationOutput output, CancellationToken cancellationToken) => On(Reload) && On(Recreate)
        ? throw new OpsException("Service.ParameterInvalid", OpsErrorKind.InvalidArgument, "-Reload and -Recreate cannot be used together.", "A reload keeps the process, a recreation replaces it: choose one.")
        : base.BeginAsync(output, cancellationToken);
}
