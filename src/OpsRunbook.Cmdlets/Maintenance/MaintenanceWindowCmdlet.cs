using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Maintenance;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Cmdlets;

/// <summary>A cmdlet that begins or ends maintenance windows.</summary>
public abstract class MaintenanceWindowCmdlet : ChangeCmdlet
{
    private readonly List<string?> _ids = [];

    /// <summary>Longest time to wait for one service, and for the health of the stack at the end.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>Id of the window that the present item of the pipeline means; null for the one that is open, due, or new.</summary>
    private protected abstract string? WantedId { get; }

    /// <inheritdoc/>
    protected override Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        _ids.Add(WantedId);
        return Task.CompletedTask;
    }

    // At the end, where a failure ends the call: what follows in a script must not believe that the window is open, or over.
    /// <inheritdoc/>
    protected override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        foreach (var id in _ids)
        {
            await RunAsync(id, output, cancellationToken);
        }
    }

    /// <summary>What is said when the call was interrupted.</summary>
    /// <param name="session">The stack in use.</param>
    /// <param name="isLeft">A window of this kind is left behind by it.</param>
    /// <param name="text">What to do about that window.</param>
    /// <returns>The text; null when nothing is left.</returns>
    private protected static async Task<string?> PartingAsync(StackSession session, Func<MaintenanceWindow, bool> isLeft, Func<MaintenanceWindow, string> text)
    {
        try
        {
            var open = await new WindowList(session).ReadAsync([], everything: false, until: null, CancellationToken.None);
            return open.LastOrDefault(isLeft) is { } left ? text(left) : null;
        }
        catch (OpsException error)
        {
            return $"Whether a maintenance window is left cannot be told now. {error.Message} Get-MaintenanceWindow shows it.";
        }
    }

    /// <summary>Does it for one window.</summary>
    /// <param name="id">Its id; null for the one that is open, due, or new.</param>
    /// <param name="output">Takes the window.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>A task that ends with the work.</returns>
    private protected abstract Task RunAsync(string? id, IOperationOutput output, CancellationToken cancellationToken);
}
