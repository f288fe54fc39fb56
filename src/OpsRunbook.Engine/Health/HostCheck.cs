using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Health;

/// <summary>CPU, load, memory, swap and file systems of a host.</summary>
/// <param name="host">The stack's name for the host.</param>
/// <param name="thresholds">Limits of the stack.</param>
/// <param name="timeout">Longest time to wait.</param>
internal sealed class HostCheck(string host, StackThresholds thresholds, TimeSpan timeout) : IHealthCheckGroup
{
    public string Name => "host";

    public TimeSpan Timeout => timeout;

    public async Task<(IReadOnlyList<CheckResult> Results, string Message)> RunAllAsync(StackSession session, CancellationToken cancellationToken)
    {
        var health = await HostInspector.InspectAsync(session.Host(host), thresholds, cancellationToken);
        return (health.Findings, health.Message);
    }

    public async Task<CheckResult> RunAsync(StackSession session, CancellationToken cancellationToken)
    {
        var (results, _) = await RunAllAsync(session, cancellationToken);
        return results.First(result => result.Status == HealthStatuses.Worst(results.Select(other => other.Status)));
    }
}
