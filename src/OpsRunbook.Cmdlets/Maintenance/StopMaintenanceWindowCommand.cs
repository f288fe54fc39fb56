using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Maintenance;
using OpsRunbook.Engine.Safety;

namespace OpsRunbook.Cmdlets;

/// <summary>Ends the maintenance window of a stack, undoes one that was interrupted in its begin, or cancels a planned one.</summary>
[Cmdlet(VerbsLifecycle.Stop, "MaintenanceWindow", SupportsShouldProcess = true)]
[OutputType(typeof(MaintenanceWindow), typeof(OpsPlanStep))]
public sealed class StopMaintenanceWindowCommand : MaintenanceWindowCmdlet
{
    /// <summary>Id of the window. Without it: the one that is open.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string? Id { get; set; }

    /// <summary>Watches the stack for so long afterwards. Without it for as long as the stack file says; 0 for not at all.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan Watch { get; set; }

    private protected override string? WantedId => Id;

    /// <inheritdoc/>
    protected override Task BeginAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        RequirePositive(Timeout);
        return Watch >= TimeSpan.Zero
            ? Task.CompletedTask
            : throw new OpsException("Parameter.OutOfRange", OpsErrorKind.InvalidArgument, "-Watch must not be negative.", "Write for example 30m, or 0 for not at all.", Watch);
    }

    private protected override async Task RunAsync(string? id, IOperationOutput output, CancellationToken cancellationToken)
    {
        await using var session = await OpenStackAsync(output, cancellationToken);
        await OpenChangesAsync(session, output, cancellationToken, Timeout);
        var closer = new WindowCloser(session, new ChangeOrigin(Sink.CommandName, session.Stack.Name, Reason, On(Force)), output, Timeout);
        try
        {
            if (await closer.CloseAsync(new CloseRequest { Id = id, Watch = IsBound(nameof(Watch)) ? Watch : null }, cancellationToken) is { } window)
            {
                await output.WriteAsync(window, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            Parting = await PartingAsync(
                session, window => window.State != MaintenanceWindowState.Planned, _ => "The end of the maintenance window was interrupted. Another Stop-MaintenanceWindow finishes it.");
            throw;
        }
    }
}
