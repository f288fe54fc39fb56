using OpsRunbook.Engine.Endpoints;
using OpsRunbook.Engine.Health;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Databases;

/// <summary>Asks a database server whether it answers, and how close it is to its limit of connections.</summary>
/// <param name="name">Name of the check in its result.</param>
/// <param name="database">Where the server is.</param>
/// <param name="thresholds">Limits of the stack.</param>
public sealed class DatabaseCheck(string name, StackDatabase database, StackThresholds thresholds) : IHealthCheck
{
    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public TimeSpan Timeout => (database.Timeout ?? DatabaseMember.DefaultTimeout) + CheckFailure.Backstop
        + (database is { Engine: DatabaseEngine.MongoDb, User: not null } ? MongoSession.StartLimit : TimeSpan.Zero);

    /// <inheritdoc/>
    public async Task<CheckResult> RunAsync(StackSession session, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        var finding = await DatabaseFinding.AskAsync(new DatabaseMember(session, name, database), thresholds, cancellationToken);
        return new CheckResult
        {
            Name = name,
            Status = finding.Status,
            Message = finding.Message,
            Reason = finding.Reason,
            Target = finding.Target?.Text,
            Latency = finding.Reading?.Latency,
            Measurements = finding.Connections is { } connections ? [connections] : [],
        };
    }
}
