using OpsRunbook.Engine;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Incidents;
using OpsRunbook.Engine.Safety;

namespace OpsRunbook.Cmdlets;

/// <summary>A cmdlet that changes an incident.</summary>
public abstract class IncidentCmdlet : ChangeCmdlet
{
    /// <summary>Adds to an incident as one change of the journal, after the question or instead as a plan.</summary>
    /// <param name="id">Id of the incident; null for the open one.</param>
    /// <param name="action">What is done.</param>
    /// <param name="addition">What is added.</param>
    /// <param name="emit">Emits what came of it: given the incidents, the id and the entries.</param>
    /// <param name="output">Takes the plan.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>A task that ends with the work.</returns>
    private protected async Task AddAsync(
        string? id, string action, IncidentAddition addition, Func<IncidentLog, string, IReadOnlyList<IncidentEntry>, Task> emit, IOperationOutput output, CancellationToken cancellationToken)
    {
        await using var session = await OpenStackAsync(output, cancellationToken, discover: false);
        var changes = await OpenChangesAsync(session, output, cancellationToken);
        var log = new IncidentLog(session.State, session.Stack);
        log.Check(addition);
        var found = await log.FindAsync(id, cancellationToken);
        var change = new Change(action, found, LocalHost.LocalName);
        if (changes.IsWhatIf)
        {
            await changes.PlanAsync(action, found, LocalHost.LocalName, addition.Text ?? string.Empty, cancellationToken);
        }
        else if (await changes.ConfirmAsync(change, cancellationToken))
        {
            var entries = await changes.RunAsync(change, token => log.AddAsync(found, addition, token), _ => new ChangeResult(JournalOutcome.Succeeded, null), cancellationToken);
            await emit(log, found, entries);
        }
    }

    /// <summary>Emits an incident as it is now.</summary>
    /// <param name="log">The incidents.</param>
    /// <param name="id">Its id.</param>
    /// <param name="output">Takes it.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>A task that ends when it was emitted.</returns>
    private protected static async Task EmitAsync(IncidentLog log, string id, IOperationOutput output, CancellationToken cancellationToken)
    {
        foreach (var incident in await log.GetAsync(candidate => candidate == id, onlyOpen: false, output, cancellationToken))
        {
            await output.WriteAsync(incident, cancellationToken);
        }
    }
}
