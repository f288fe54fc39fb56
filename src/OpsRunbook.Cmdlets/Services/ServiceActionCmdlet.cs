using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Services;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Cmdlets;

/// <summary>A cmdlet that starts or stops services of a stack, or the whole stack.</summary>
public abstract class ServiceActionCmdlet : ServiceCmdlet
{
    /// <summary>Every service of the stack that a manager runs, in the order of their dependencies.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "All")]
    public SwitchParameter All { get; set; }

    private protected override bool WholeStack => On(All);

    /// <summary>What is done.</summary>
    private protected abstract ServiceAction Action { get; }

    private protected override Task RunAsync(
        StackSession session, ChangeRunner changes, IReadOnlyList<ServiceTarget> targets, IOperationOutput output, CancellationToken cancellationToken) =>
        new ServiceOperator(session, changes, output, Timeout).RunAsync(Action, targets, downFirst: On(All), cancellationToken);
}
