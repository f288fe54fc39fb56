namespace OpsRunbook.Engine.Databases;

/// <summary>A statement of an operator.</summary>
/// <param name="Query">One statement with <c>@name</c> or <c>:name</c> where values belong.</param>
/// <param name="Parameters">Values by name, capital letters aside.</param>
public sealed record DbQueryRequest(string Query, IReadOnlyDictionary<string, object?> Parameters)
{
    /// <summary>Rows to give at most; 0 for all.</summary>
    public long First { get; init; }
}
