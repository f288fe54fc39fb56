using System.Diagnostics;
using OpsRunbook.Engine.Safety;

namespace OpsRunbook.Engine.Databases;

/// <summary>Runs statements of an operator, whatever the engine.</summary>
/// <param name="member">The database.</param>
/// <param name="output">Takes the rows.</param>
public sealed class DatabaseQuery(DatabaseMember member, IOperationOutput output)
{
    /// <summary>Runs a statement that may not write and emits its rows.</summary>
    /// <param name="request">The statement.</param>
    /// <param name="cancellationToken">Ends it on the server too.</param>
    /// <returns>A task that ends with the last row.</returns>
    /// <exception cref="OpsException">The statement is not one, the database cannot be reached or refuses it.</exception>
    public async Task ReadAsync(DbQueryRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var query = DatabaseAdapters.Query(member, await member.TargetAsync(cancellationToken));
        var statement = Parse(query, request);
        var count = 0L;
        await foreach (var row in query.ReadAsync(statement, request.Parameters, cancellationToken))
        {
            if (++count > request.First && request.First > 0)
            {
                WarnOfMore(request.First);
                return;
            }

            await output.WriteAsync(row, cancellationToken);
        }
    }

    /// <summary>Runs a statement that may write, in one transaction, after asking.</summary>
    /// <param name="request">The statement.</param>
    /// <param name="changes">The road for changes.</param>
    /// <param name="cancellationToken">Ends it and rolls it back.</param>
    /// <returns>A task that ends with its commit.</returns>
    /// <exception cref="OpsException">As <see cref="ReadAsync"/>.</exception>
    public async Task WriteAsync(DbQueryRequest request, ChangeRunner changes, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(changes);
        var query = DatabaseAdapters.Query(member, await member.TargetAsync(cancellationToken));
        var statement = Parse(query, request);
        var change = new Change("Run a statement that may write", member.Name, member.HostName)
        {
            // Values are never kept: they may be anything.
            Before = new Dictionary<string, string?> { ["statement"] = statement.Shown, ["parameters"] = string.Join(", ", statement.Names.Distinct(StringComparer.OrdinalIgnoreCase)) },
        };
        if (changes.IsWhatIf)
        {
            await changes.PlanAsync("Run statement", member.Name, member.HostName, $"In one transaction: {CommandRedactor.RedactText(statement.Shown)}", cancellationToken);
            return;
        }

        if (!await changes.ConfirmAsync(change with { Action = $"Run {CommandRedactor.RedactText(statement.Shown)}" }, cancellationToken))
        {
            return;
        }

        var start = Stopwatch.GetTimestamp();
        var rows = 0L;
        var affected = await changes.RunAsync(
            change,
            token => query.WriteAsync(statement, request.Parameters, TakeAsync, null, token),
            count => new ChangeResult(JournalOutcome.Succeeded) { After = new Dictionary<string, string?> { ["rows"] = count?.ToString(System.Globalization.CultureInfo.InvariantCulture) } },
            cancellationToken);
        if (rows > request.First && request.First > 0)
        {
            WarnOfMore(request.First);
        }

        await output.WriteAsync(
            new DbWriteResult
            {
                RowsAffected = affected,
                Database = member.Name,
                Statement = CommandRedactor.RedactText(statement.Shown),
                Duration = Stopwatch.GetElapsedTime(start),
                Host = member.HostName,
            },
            cancellationToken);

        async ValueTask TakeAsync(DbRow row)
        {
            if (request.First == 0 || ++rows <= request.First)
            {
                await output.WriteAsync(row, cancellationToken);
            }
        }
    }

    /// <summary>Reads a statement and looks whether its values are there.</summary>
    internal static SqlStatement Parse(IDatabaseQuery query, DbQueryRequest request) =>
        SqlStatement.Parse(request.Query, query.Engine, [.. request.Parameters.Keys]);

    private void WarnOfMore(long first) => output.Warning($"There are more rows than the {first} of -First; the rest was not read.");
}
