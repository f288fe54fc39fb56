using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Health;

/// <summary>
/// One check of one member. It never throws for what it finds: a server that is down is a Critical
/// result, a check that could not be made is an Unknown one with the reason.
/// </summary>
public interface IHealthCheck
{
    /// <summary>Short name that becomes <see cref="CheckResult.Name"/>.</summary>
    string Name { get; }

    /// <summary>Longest time the check may take; the scheduler ends it then.</summary>
    TimeSpan Timeout { get; }

    /// <summary>Makes the check.</summary>
    /// <param name="session">The stack in use.</param>
    /// <param name="cancellationToken">Cancelled at the timeout or by the operator.</param>
    /// <returns>The result.</returns>
    Task<CheckResult> RunAsync(StackSession session, CancellationToken cancellationToken);
}
