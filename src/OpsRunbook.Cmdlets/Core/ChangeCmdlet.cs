using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Cmdlets;

/// <summary>A cmdlet that changes something. Its class declares <c>SupportsShouldProcess</c>.</summary>
public abstract class ChangeCmdlet : StackCmdlet
{
    /// <summary>Why the change is made; kept in the journal.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Reason { get; set; }

    /// <summary>Overrides guards that refuse. Needs -Reason, and is recorded.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>The one road for the changes of this call. What was to be put back before now, and was not, is put back first.</summary>
    /// <param name="session">The stack in use.</param>
    /// <param name="output">Takes plans, questions and warnings.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <param name="timeout">Longest time to wait for one service that something is put back for; two minutes without it.</param>
    /// <returns>A runner for this call.</returns>
    private protected Task<ChangeRunner> OpenChangesAsync(
        StackSession session, IOperationOutput output, CancellationToken cancellationToken, TimeSpan? timeout = null) =>
        OpenChangesAsync(session, Reason, On(Force), output, cancellationToken, timeout);
}
