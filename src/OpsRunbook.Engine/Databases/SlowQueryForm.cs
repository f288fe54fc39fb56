namespace OpsRunbook.Engine.Databases;

/// <summary>Sums up the statements of one form that a log or a profile holds.</summary>
/// <param name="user">Who ran the first one; null where it is not kept.</param>
/// <param name="limit">What takes longer on average is slow.</param>
internal sealed class SlowQueryForm(string? user, TimeSpan limit)
{
    private long _calls;
    private TimeSpan _total;
    private TimeSpan _maximum;
    private long _rows;
    private long _examined;

    /// <summary>The server's own number for this form; null where it has none.</summary>
    public string? QueryId { get; init; }

    /// <summary>Adds a call.</summary>
    /// <param name="time">How long it took.</param>
    /// <param name="rows">Rows that it returned or changed.</param>
    /// <param name="examined">Rows that it looked at.</param>
    public void Add(TimeSpan time, long rows, long examined)
    {
        _calls++;
        _total += time;
        _maximum = time > _maximum ? time : _maximum;
        _rows += rows;
        _examined += examined;
    }

    /// <summary>What all of them cost.</summary>
    /// <param name="database">Name of the database in the stack.</param>
    /// <param name="engine">Kind of server.</param>
    /// <param name="source">Where the calls were found.</param>
    /// <param name="query">The form.</param>
    /// <param name="catalog">Database of the server.</param>
    /// <param name="since">Time of the first entry of the source.</param>
    /// <returns>The figures.</returns>
    public DbSlowQuery ToQuery(string database, DatabaseEngine engine, string source, string query, string? catalog, DateTime? since) => new()
    {
        Status = _total / _calls >= limit ? HealthStatus.Warning : HealthStatus.Healthy,
        Database = database,
        Engine = engine,
        Source = source,
        Query = query,
        QueryId = QueryId,
        Calls = _calls,
        TotalTime = _total,
        MeanTime = _total / _calls,
        MaximumTime = _maximum,
        Rows = _rows,
        RowsExamined = _examined,
        User = user,
        Catalog = catalog,
        Since = since,
    };
}
