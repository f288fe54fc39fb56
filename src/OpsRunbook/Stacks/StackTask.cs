namespace OpsRunbook;

/// <summary>One task of a schedule.</summary>
public sealed class StackTask
{
    /// <summary>What is done, in a few words.</summary>
    [StackRequired]
    public string Name { get; set; } = string.Empty;

    /// <summary>Members that it is about.</summary>
    [StackValue(RefersTo = new[] { "services", "databases", "caches", "webServers", "certificates", "backups" })]
    public List<string> Members { get; set; } = [];

    /// <summary>What the task counts must stay below this; null for no limit.</summary>
    [StackValue(Form = StackForm.Quantity)]
    public double? Limit { get; set; }

    /// <summary>What has to be known to do it; null for nothing.</summary>
    public string? Note { get; set; }
}
