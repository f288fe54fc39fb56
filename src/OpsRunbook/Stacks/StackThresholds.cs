namespace OpsRunbook;

/// <summary>
/// Limits of a stack. Percentages are 0 to 100, times are seconds.
/// </summary>
public sealed class StackThresholds
{
    /// <summary>Used part of each file system, percent.</summary>
    [StackValue(Form = StackForm.Percent)]
    public Threshold Disk { get; set; } = new(80, 90);

    /// <summary>Used part of the inodes of each file system, percent.</summary>
    [StackValue(Form = StackForm.Percent)]
    public Threshold Inodes { get; set; } = new(80, 90);

    /// <summary>CPU use of the machine, percent.</summary>
    [StackValue(Form = StackForm.Percent)]
    public Threshold Cpu { get; set; } = new(70, 90);

    /// <summary>Used memory of the machine, percent.</summary>
    [StackValue(Form = StackForm.Percent)]
    public Threshold Memory { get; set; } = new(80, 95);

    /// <summary>Used swap, percent.</summary>
    [StackValue(Form = StackForm.Percent)]
    public Threshold Swap { get; set; } = new(50, 90);

    /// <summary>Five-minute load divided by the number of cores.</summary>
    [StackValue(Form = StackForm.Number, Minimum = 0)]
    public Threshold Load { get; set; } = new(1, 2);

    /// <summary>Latency of an HTTP answer, seconds.</summary>
    [StackValue(Form = StackForm.Seconds)]
    public Threshold Latency { get; set; } = new(0.5, 2);

    /// <summary>Client connections of a database, percent of its maximum.</summary>
    [StackValue(Form = StackForm.Percent)]
    public Threshold DbConnections { get; set; } = new(50, 80);

    /// <summary>Memory of a cache, percent of its maximum, or of the memory of its machine where it has none.</summary>
    [StackValue(Form = StackForm.Percent)]
    public Threshold CacheMemory { get; set; } = new(80, 90);

    /// <summary>Part of the requests that fail with 5xx, percent.</summary>
    [StackValue(Form = StackForm.Percent)]
    public Threshold ErrorRate { get; set; } = new(1, 5);
}
