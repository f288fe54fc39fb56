using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Health;

/// <summary>A check that looks at several things in one go, each of which becomes a result of its own.</summary>
internal interface IHealthCheckGroup : IHealthCheck
{
    /// <summary>Makes the checks.</summary>
    /// <param name="session">The stack in use.</param>
    /// <param name="cancellationToken">Cancelled at the timeout or by the operator.</param>
    /// <returns>The results, and one line that sums them up.</returns>
    Task<(IReadOnlyList<CheckResult> Results, string Message)> RunAllAsync(StackSession session, CancellationToken cancellationToken);
}
