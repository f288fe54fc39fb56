namespace OpsRunbook.Engine.Databases;

/// <summary>Reads what statements cost a database server.</summary>
/// <param name="member">The database.</param>
/// <param name="request">Which are wanted.</param>
/// <param name="output">Takes a <see cref="DbSlowQuery"/> for each.</param>
public sealed class SlowQueryReader(DatabaseMember member, SlowQueryRequest request, IOperationOutput output)
{
    /// <summary>Reads them.</summary>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>A task that ends with the last one.</returns>
    /// <exception cref="OpsException">The server cannot be reached, or does not let us in.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var match = request.Match is null ? null : OperatorPattern.ForStatements(request.Match);
        var target = await member.TargetAsync(cancellationToken);
        var queries = await DatabaseAdapters.SlowQueries(member, target).ReadAsync(request.AllDatabases, cancellationToken);
        if (queries is [{ Status: HealthStatus.Unknown } missing])
        {
            await output.WriteAsync(missing, cancellationToken);
            return;
        }

        foreach (var query in queries
            .Where(query => (request.Threshold is null || query.MeanTime >= request.Threshold) && (match is null || match.IsMatch(query.Query)))
            .OrderByDescending(Key)
            .Take(request.Top))
        {
            await output.WriteAsync(query, cancellationToken);
        }
    }

    private double? Key(DbSlowQuery query) => request.Order switch
    {
        DbSlowQueryOrder.Mean => query.MeanTime?.TotalSeconds,
        DbSlowQueryOrder.Maximum => query.MaximumTime?.TotalSeconds,
        DbSlowQueryOrder.Calls => query.Calls,
        _ => query.TotalTime?.TotalSeconds,
    };
}
