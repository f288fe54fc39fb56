namespace OpsRunbook.Engine.Databases;

/// <summary>Which slow queries are wanted.</summary>
/// <param name="Top">How many, the worst first.</param>
/// <param name="Order">What is worst.</param>
/// <param name="Threshold">Only those that take at least so long on average; null for all.</param>
/// <param name="Match">Regular expression that the statement contains; null for all.</param>
/// <param name="AllDatabases">Those of every database of the server.</param>
public sealed record SlowQueryRequest(int Top, DbSlowQueryOrder Order, TimeSpan? Threshold, string? Match, bool AllDatabases);
