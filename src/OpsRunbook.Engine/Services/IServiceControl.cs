using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Services;

/// <summary>Acts on the units of one manager. Holds no state and serves every host.</summary>
public interface IServiceControl
{
    /// <summary>Which manager it is.</summary>
    ServiceManagerKind Kind { get; }

    /// <summary>Why an action cannot be done to a unit.</summary>
    /// <param name="action">The action.</param>
    /// <param name="target">The unit.</param>
    /// <param name="state">Its present state.</param>
    /// <returns>The refusal; null when it can be done.</returns>
    OpsException? Refuse(ServiceAction action, ServiceTarget target, UnitState state);

    /// <summary>The action as the command that an operator would type, for plans.</summary>
    /// <param name="action">The action.</param>
    /// <param name="target">The unit.</param>
    /// <param name="state">Its present state.</param>
    /// <returns>One line without secrets.</returns>
    string Describe(ServiceAction action, ServiceTarget target, UnitState state);

    /// <summary>
    /// Has the manager do the action. It is not waited for longer than the manager needs to take it up; the caller
    /// follows the state from there.
    /// </summary>
    /// <param name="action">The action; not <see cref="ServiceAction.Scale"/> or <see cref="ServiceAction.SetLimit"/>.</param>
    /// <param name="host">Host of the unit.</param>
    /// <param name="target">The unit.</param>
    /// <param name="state">Its state as it was just read; instances are named by the ids in it.</param>
    /// <param name="limit">Longest time to wait for the manager.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>A task that ends when the manager has taken it up.</returns>
    /// <exception cref="OpsException"><c>Service.ActionFailed</c>, <c>Service.Forbidden</c>, or the manager cannot be asked.</exception>
    Task ActAsync(ServiceAction action, IHost host, ServiceTarget target, UnitState state, TimeSpan limit, CancellationToken cancellationToken);

    /// <summary>The last lines of the unit's log.</summary>
    /// <param name="host">Host of the unit.</param>
    /// <param name="target">The unit.</param>
    /// <param name="state">Its present state.</param>
    /// <param name="lines">So many lines.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The lines, the newest last; empty when there is no log.</returns>
    Task<IReadOnlyList<string>> ReadLogAsync(IHost host, ServiceTarget target, UnitState state, int lines, CancellationToken cancellationToken);

    /// <summary>What a unit that is slow to start waits for, if the manager knows.</summary>
    /// <param name="host">Host of the unit.</param>
    /// <param name="target">The unit.</param>
    /// <param name="cancellationToken">Ends the question.</param>
    /// <returns>Such as <c>a password: Passphrase of the key</c>; null when it is not known.</returns>
    Task<string?> WaitsForAsync(IHost host, ServiceTarget target, CancellationToken cancellationToken) => Task.FromResult<string?>(null);
}
