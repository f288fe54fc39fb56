using OpsRunbook.Engine.Health;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Services;

/// <summary>Checks one service, with what it depends on as the explanation.</summary>
internal static class ServiceHealthReader
{
    /// <summary>The health of a service now.</summary>
    /// <param name="session">The stack in use.</param>
    /// <param name="target">The service.</param>
    /// <param name="timeout">Longest time of any one check; null for each check's own.</param>
    /// <param name="cancellationToken">Ends the checks.</param>
    /// <returns>Its health.</returns>
    public static async Task<ServiceHealth> ReadAsync(StackSession session, ServiceTarget target, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        var dependencies = ServiceTargets.DependenciesOf(session.Stack, target.Name);
        var members = HealthCheckFactory.Create(
            session.Stack, timeout, (kind, name) => (kind == target.Kind && name == target.Name) || (MemberKinds.CanBeDependedOn(kind) && dependencies.Contains(name)));
        await foreach (var health in new HealthRound(session, members, timeout: timeout)
            .RunAsync(member => member.Kind == target.Kind && member.Name == target.Name, cancellationToken))
        {
            return health;
        }

        throw new InvalidOperationException($"'{target.Name}' is no member of its own stack.");
    }
}
