using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Engine.WebServer;

namespace OpsRunbook.Cmdlets;

/// <summary>A cmdlet that switches the maintenance mode of web servers.</summary>
public abstract class MaintenanceModeCmdlet : ChangeCmdlet
{
    private readonly List<(string[] Names, string[] Sites)> _wanted = [];

    /// <summary>Web servers of the stack, with wildcards. Without it those of <c>maintenance.maintenanceMode</c>, or the only nginx.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(StackMemberCompleter))]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <summary>Sites by server name, with wildcards. Without it all sites.</summary>
    [Parameter(Position = 1, ValueFromPipelineByPropertyName = true)]
    [Alias("Sites")]
    [ValidateNotNull]
    [SupportsWildcards]
    public string[] Site { get; set; } = [];

    /// <inheritdoc/>
    protected override Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        _wanted.Add((Name, Site));
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    protected override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        await using var session = await OpenStackAsync(output, cancellationToken);
        var changes = await OpenChangesAsync(session, output, cancellationToken);
        foreach (var (names, sites) in _wanted)
        {
            foreach (var name in MaintenanceMode.Select(session.Stack, names, output))
            {
                try
                {
                    if (await SwitchAsync(new MaintenanceMode(session, name, changes, output), session.Stack, name, sites, cancellationToken) is { } change)
                    {
                        await output.WriteAsync(change, cancellationToken);
                    }
                }
                catch (OpsException error)
                {
                    // One web server that cannot be switched does not leave the others as they are.
                    output.Error(error);
                }
            }
        }
    }

    /// <summary>Switches one web server.</summary>
    /// <param name="mode">Its maintenance mode.</param>
    /// <param name="stack">The stack in use.</param>
    /// <param name="name">Its name.</param>
    /// <param name="sites">Sites that are meant; empty for all.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>What is in force now; null when nothing was done.</returns>
    private protected abstract Task<MaintenanceModeChange?> SwitchAsync(
        MaintenanceMode mode, OpsStack stack, string name, IReadOnlyList<string> sites, CancellationToken cancellationToken);
}
