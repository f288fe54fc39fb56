namespace OpsRunbook;

/// <summary>Where the journal, maintenance windows, incidents and locks are kept.</summary>
public sealed class StackState
{
    /// <summary>PostgreSQL database that a team shares; null for files of the user who calls.</summary>
    [StackValue(RefersTo = new[] { "databases" })]
    public string? Postgres { get; set; }

    /// <summary>Schema of the tables there, made on first use; null for <c>opsrunbook</c>.</summary>
    public string? Schema { get; set; }
}
