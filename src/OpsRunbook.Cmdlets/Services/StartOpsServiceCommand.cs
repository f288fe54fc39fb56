using System.Management.Automation;

namespace OpsRunbook.Cmdlets;

/// <summary>Starts services, what they depend on first, and waits until each is healthy.</summary>
[Cmdlet(VerbsLifecycle.Start, "OpsService", SupportsShouldProcess = true, DefaultParameterSetName = "Name")]
[OutputType(typeof(ServiceChange), typeof(OpsPlanStep))]
public sealed class StartOpsServiceCommand : ServiceActionCmdlet
{
    private protected override ServiceAction Action => ServiceAction.Start;
}
