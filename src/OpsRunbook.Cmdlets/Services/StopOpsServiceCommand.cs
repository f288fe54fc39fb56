using System.Management.Automation;

namespace OpsRunbook.Cmdlets;

/// <summary>Stops services, drained and what depends on others first, and waits until each is gone.</summary>
[Cmdlet(VerbsLifecycle.Stop, "OpsService", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High, DefaultParameterSetName = "Name")]
[OutputType(typeof(ServiceChange), typeof(OpsPlanStep))]
public sealed class StopOpsServiceCommand : ServiceActionCmdlet
{
    private protected override ServiceAction Action => ServiceAction.Stop;
}
