namespace OpsRunbook.Engine.Safety;

/// <summary>A change as it is asked for and recorded.</summary>
/// <param name="Action">What is done: <c>Restart</c>, <c>Set limit</c>.</param>
/// <param name="Target">Member of the stack, database, key pattern or file that it is done to.</param>
/// <param name="Host">Host on which it is done.</param>
public sealed record Change(string Action, string Target, string Host)
{
    /// <summary>What is there before, by name. Never with a secret.</summary>
    public IReadOnlyDictionary<string, string?> Before { get; init; } = new Dictionary<string, string?>();

    /// <summary>
    /// It makes room on disks and loses little: where the journal's disk is full, it is made first and recorded as soon as there is room.
    /// </summary>
    public bool MakesRoom { get; init; }
}
