using OpsRunbook.Engine;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Incidents;
using OpsRunbook.Engine.Safety;

namespace OpsRunbook.Cmdlets;

/// <summary>A cmdlet that changes an incident.</summary>
public abstract class IncidentCmdlet : ChangeCmdlet
{
    /// <summary>Adds to an incident as one change of the journal, after the question or instead as a plan.</summary>
    /// <param name="log">The incidents.</param>
    /// <param name="changes">The road for changes.</param>
    /// <param name="id">Id of the incident.</param>
    /// <param name="action">What is done.</param>
    /// <param name="addition">What is added.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>The entries; null when nothing was done.</returns>
    private protected static async Task<IReadOnlyList<IncidentEntry>?> AddAsync(
        IncidentLog log, ChangeRunner changes, string id, string action, IncidentAddition addition, CancellationToken cancellationToken)
    {
        log.Check(addition);
        var change = new Change(action, id, LocalHost.LocalName);
        if (changes.IsWhatIf)
        {
            await changes.PlanAsync(action, id, LocalHost.LocalName, addition.Text ?? string.Empty, cancellationToken);
            return null;
        }

        return await changes.ConfirmAsync(change, cancellationToken)
            ? await changes.RunAsync(change, token => log.AddAsync(id, addition, token), _ => new ChangeResult(JournalOutcome.Succeeded, null), cancellationToken)
            : null;
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
