using System.Diagnostics;

namespace OpsRunbook.Engine.Databases;

/// <summary>Tries to use a database and says how far it came.</summary>
/// <param name="member">The database.</param>
/// <param name="output">Takes a <see cref="DbConnectionTest"/>.</param>
public sealed class ConnectionTester(DatabaseMember member, IOperationOutput output)
{
    /// <summary>Tries it. A failure is a result.</summary>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>A task that ends when the result is taken.</returns>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        var finding = await DatabaseFinding.AskAsync(member, member.Session.Stack.Thresholds, cancellationToken);
        var (target, reading, definition) = (finding.Target, finding.Reading, member.Definition);
        await output.WriteAsync(
            new DbConnectionTest
            {
                Status = finding.Status,
                Database = member.Name,
                Engine = definition.Engine,
                Server = target?.Text ?? definition.Server ?? "localhost",
                Host = member.HostName,
                Message = finding.Message,
                Reason = finding.Reason,
                NextStep = finding.NextStep,
                Catalog = definition.Database,
                User = target?.User ?? definition.User,
                Product = reading?.Product,
                Role = reading?.Role,
                Tls = reading?.Tls,
                Connections = reading?.Connections,
                MaximumConnections = reading?.MaximumConnections,
                Dns = target?.Timings.Dns,
                Connect = target?.Timings.Connect,
                LogIn = target?.Timings.LogIn,
                Query = target?.Timings.Query,
                Total = Stopwatch.GetElapsedTime(start),
            },
            cancellationToken);
    }
}
