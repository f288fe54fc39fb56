using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Services;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Cmdlets;

/// <summary>Sets how many instances of a service run, and goes back when they do not become healthy.</summary>
[Cmdlet(VerbsCommon.Set, "OpsServiceScale", SupportsShouldProcess = true, DefaultParameterSetName = "Name")]
[OutputType(typeof(ServiceChange), typeof(OpsPlanStep))]
public sealed class SetOpsServiceScaleCommand : ServiceCmdlet
{
    /// <summary>Instances that shall run: an absolute number.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ValidateRange(0, 1000)]
    public int Instances { get; set; }

    private protected override async Task RunAsync(
        StackSession session, ChangeRunner changes, IReadOnlyList<ServiceTarget> targets, IOperationOutput output, CancellationToken cancellationToken)
    {
        foreach (var target in targets)
        {
            await new ServiceScaler(session, changes, output, Timeout).ScaleAsync(target, Instances, cancellationToken);
        }
    }
}
