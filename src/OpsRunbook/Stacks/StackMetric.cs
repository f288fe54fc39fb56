namespace OpsRunbook;

/// <summary>A metric to watch. Times are seconds, sizes bytes, parts percent.</summary>
public sealed class StackMetric
{
    /// <summary>What it measures; null when the key says enough.</summary>
    public string? Description { get; set; }

    /// <summary>PromQL expression that yields the value; null when the module measures it itself.</summary>
    public string? Query { get; set; }

    /// <summary>Member that it is about; null for the whole stack.</summary>
    [StackValue(RefersTo = new[] { "services", "databases", "caches", "webServers" })]
    public string? Member { get; set; }

    /// <summary>Unit of the value: <c>s</c>, <c>B</c>, <c>%</c>, <c>c</c>; null for a bare number.</summary>
    [StackValue(OneOf = new[] { "s", "B", "%", "c" })]
    public string? Unit { get; set; }

    /// <summary>Warning from here on; null for no limit.</summary>
    [StackValue(Form = StackForm.Quantity)]
    public double? Warning { get; set; }

    /// <summary>Critical from here on; null for no limit.</summary>
    [StackValue(Form = StackForm.Quantity)]
    public double? Critical { get; set; }

    /// <summary>Warning below this; null for no limit.</summary>
    [StackValue(Form = StackForm.Quantity)]
    public double? WarningBelow { get; set; }

    /// <summary>Critical below this; null for no limit.</summary>
    [StackValue(Form = StackForm.Quantity)]
    public double? CriticalBelow { get; set; }
}
