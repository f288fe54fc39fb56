using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Maintenance;
using OpsRunbook.Engine.Safety;

namespace OpsRunbook.Cmdlets;

/// <summary>Ends the maintenance window of a stack, undoes one that was interrupted in its begin, or cancels a planned one.</summary>
[Cmdlet(VerbsLifecycle.Stop, "MaintenanceWindow", SupportsShouldProcess = true)]
[OutputType(typeof(MaintenanceWindow), typeof(OpsPlanStep))]
public sealed class StopMaintenanceWindowCommand : ChangeCmdlet
{
    private readonly List<string?> _ids = [];

    /// <summary>Id of the window. Without it: the one that is open.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string? Id { get; set; }

    /// <summary>Watches the stack for so long afterwards. Without it for as long as the stack file says; 0 for not at all.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan Watch { get; set; }

    /// <summary>Longest time to wait for one service, and for the health of the stack.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <inheritdoc/>
    protected override Task BeginAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        RequirePositive(Timeout);
        return Watch >= TimeSpan.Zero
            ? Task.CompletedTask
            : throw new OpsException("Parameter.OutOfRange", OpsErrorKind.InvalidArgument, "-Watch must not be negative.", "Write for example 30m, or 0 for not at all.", Watch);
    }

    /// <inheritdoc/>
    protected override Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        _ids.Add(Id);
        return Task.CompletedTask;
    }

    // At the end, where a failure ends the call: what follows in a script must not believe that the window is open, or over.
    /// <inheritdoc/>
    protected override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        foreach (var id in _ids)
        {
            await RunAsync(id, output, cancellationToken);
        }
    }

    private async Task RunAsync(string? id, IOperationOutput output, CancellationToken cancellationToken)
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
            var open = await new WindowList(session).ReadAsync([], everything: false, until: null, CancellationToken.None);
            Parting = open.Any(window => window.State != MaintenanceWindowState.Planned)
                ? "The end of the maintenance window was interrupted. Another Stop-MaintenanceWindow finishes it."
                : null;
            throw;
        }
    }
}
