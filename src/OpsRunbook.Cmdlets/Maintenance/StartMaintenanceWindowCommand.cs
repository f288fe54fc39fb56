using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Maintenance;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Cmdlets;

/// <summary>Begins a maintenance window of a stack, plans one, or gives the open one more time.</summary>
[Cmdlet(VerbsLifecycle.Start, "MaintenanceWindow", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High, DefaultParameterSetName = "Now")]
[OutputType(typeof(MaintenanceWindow), typeof(OpsPlanStep))]
public sealed class StartMaintenanceWindowCommand : MaintenanceWindowCmdlet
{
    /// <summary>What it is for. Users read it.</summary>
    [Parameter(Position = 0, ParameterSetName = "Now")]
    [Parameter(Position = 0, ParameterSetName = "Plan")]
    [ValidateNotNullOrEmpty]
    public string? Title { get; set; }

    /// <summary>How long it takes.</summary>
    [Parameter(ParameterSetName = "Now")]
    [Parameter(ParameterSetName = "Planned")]
    [Parameter(ParameterSetName = "Plan")]
    [DurationTransform]
    public TimeSpan For { get; set; } = WindowRequest.DefaultLength;

    /// <summary>The planned window that begins now, or with -Extend the open one.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Planned", ValueFromPipelineByPropertyName = true)]
    [Parameter(ParameterSetName = "Extend")]
    [ValidateNotNullOrEmpty]
    public string? Id { get; set; }

    /// <summary>Plans it for this time instead of beginning now.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Plan")]
    [ValidateNotNull]
    public object? At { get; set; }

    /// <summary>Time zone of -At, an IANA name. Without it that of this machine.</summary>
    [Parameter(ParameterSetName = "Plan")]
    [ValidateNotNullOrEmpty]
    public string? TimeZone { get; set; }

    /// <summary>Has it recur: <c>daily</c>, <c>weekly on Sunday</c>, <c>every 2 weeks on Monday</c>, <c>monthly on the first Friday</c>.</summary>
    [Parameter(ParameterSetName = "Plan")]
    [ValidateNotNullOrEmpty]
    public string? Repeat { get; set; }

    /// <summary>Gives the open window so much more time.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Extend")]
    [DurationTransform]
    public TimeSpan Extend { get; set; }

    /// <summary>Work that is done in the window, which ends with it, however it ends. In PowerShell only.</summary>
    [Parameter(ParameterSetName = "Now")]
    [Parameter(ParameterSetName = "Planned")]
    [ValidateNotNull]
    public ScriptBlock? ScriptBlock { get; set; }

    /// <summary>With -ScriptBlock, watches the stack for so long afterwards. Without it for as long as the stack file says.</summary>
    [Parameter(ParameterSetName = "Now")]
    [Parameter(ParameterSetName = "Planned")]
    [DurationTransform]
    public TimeSpan Watch { get; set; }

    private protected override string? WantedId => Id;

    // What was closed for a script is opened again, however long that takes.
    private protected override TimeSpan? StopPatience => IsBound(nameof(ScriptBlock)) ? System.Threading.Timeout.InfiniteTimeSpan : null;

    /// <inheritdoc/>
    protected override Task BeginAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        RequirePositive(For);
        RequirePositive(Extend);
        RequirePositive(Timeout);
        return IsBound(nameof(Watch)) && !IsBound(nameof(ScriptBlock))
            ? throw new OpsException("Window.ParameterInvalid", OpsErrorKind.InvalidArgument, "-Watch belongs to -ScriptBlock here.", "Give it to Stop-MaintenanceWindow.")
            : Task.CompletedTask;
    }

    private protected override async Task RunAsync(string? id, IOperationOutput output, CancellationToken cancellationToken)
    {
        await using var session = await OpenStackAsync(output, cancellationToken);
        await OpenChangesAsync(session, output, cancellationToken, Timeout);
        var origin = new ChangeOrigin(Sink.CommandName, session.Stack.Name, Reason, On(Force));
        var window = IsBound(nameof(At)) ? await new WindowPlanner(session, origin, output).PlanAsync(
                new WindowPlan { At = At is PSObject wrapped ? wrapped.BaseObject : At!, TimeZone = TimeZone, Length = For, Repeat = Repeat, Title = Title }, cancellationToken)
            : IsBound(nameof(Extend)) ? await new WindowPlanner(session, origin, output).ExtendAsync(id, Extend, cancellationToken)
            : await OpenAsync(session, origin, id, output, cancellationToken);
        if (window is not null && IsBound(nameof(ScriptBlock)))
        {
            window = await WorkAsync(session, origin, window, (CmdletPump)output, cancellationToken);
        }

        if (window is not null)
        {
            await output.WriteAsync(window, cancellationToken);
        }
    }

    private async Task<MaintenanceWindow?> OpenAsync(StackSession session, ChangeOrigin origin, string? id, IOperationOutput output, CancellationToken cancellationToken)
    {
        try
        {
            var request = new WindowRequest { Id = id, Title = Title, Length = IsBound(nameof(For)) ? For : null };
            return await new WindowOpener(session, origin, output, Timeout).OpenAsync(request, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            Parting = await PartingAsync(
                session,
                window => window.State is MaintenanceWindowState.Starting or MaintenanceWindowState.Open,
                left => $"The maintenance window {left.Id} was interrupted. Stop-MaintenanceWindow undoes what was done, Get-MaintenanceWindow shows it.");
            throw;
        }
    }

    private async Task<MaintenanceWindow?> WorkAsync(StackSession session, ChangeOrigin origin, MaintenanceWindow window, CmdletPump output, CancellationToken cancellationToken)
    {
        var closer = new WindowCloser(session, origin, output, Timeout);
        var request = new CloseRequest { Id = window.Id, IsConfirmed = true, Watch = IsBound(nameof(Watch)) ? Watch : null };
        var notEnded = $"The maintenance window {window.Id} could not be ended. Stop-MaintenanceWindow repeats it.";
        Exception? failure;
        try
        {
            failure = await output.AskAsync(sink => sink.RunScript(ScriptBlock!), cancellationToken);
        }
        catch (OperationCanceledException)
        {
            Parting = notEnded;
            var closed = await closer.CloseAsync(request with { Watch = TimeSpan.Zero }, CancellationToken.None);
            Parting = $"The maintenance window {window.Id} was ended{(closed is { Status: HealthStatus.Healthy } ? string.Empty : $", with findings: {closed?.Message}")}.";
            throw;
        }

        try
        {
            window = await closer.CloseAsync(request, cancellationToken) ?? window;
        }
        catch (OpsException)
        {
            if (failure is not null)
            {
                output.Error(new OpsException("Script.Failed", OpsErrorKind.OperationFailed, $"The work in the maintenance window failed: {failure.Message}", null, window.Id, failure));
            }

            output.Warning(notEnded);
            throw;
        }

        return failure is null ? window : await output.AskAsync<MaintenanceWindow?>(
            sink =>
            {
                // The window first, then the error as the script has thrown it.
                sink.WriteObject(window);
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
                return null;
            },
            cancellationToken);
    }
}
