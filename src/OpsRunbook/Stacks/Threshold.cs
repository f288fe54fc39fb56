namespace OpsRunbook;

/// <summary>A pair of limits in the unit of the thing measured.</summary>
public sealed class Threshold
{
    /// <summary>Warning from here on; null for no limit.</summary>
    public double? Warning { get; set; }

    /// <summary>Critical from here on; null for no limit.</summary>
    public double? Critical { get; set; }

    /// <summary>Creates a pair without limits.</summary>
    public Threshold()
    {
    }

    /// <summary>Creates a pair.</summary>
    /// <param name="warning">Warning from here on.</param>
    /// <param name="critical">Critical from here on.</param>
    public Threshold(double? warning, double? critical)
    {
        Warning = warning;
        Critical = critical;
    }
}
