using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Cmdlets;

/// <summary>A cmdlet that changes something by backups or in them. Its class declares <c>SupportsShouldProcess</c>.</summary>
public abstract class BackupChangeCmdlet : BackupCmdlet
{
    /// <inheritdoc cref="ChangeCmdlet.Reason"/>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Reason { get; set; }

    /// <inheritdoc cref="ChangeCmdlet.Force"/>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>The one road for the changes of this call.</summary>
    private protected Task<ChangeRunner> OpenChangesAsync(StackSession session, IOperationOutput output, CancellationToken cancellationToken) =>
        OpenChangesAsync(session, Reason, On(Force), output, cancellationToken);
}
