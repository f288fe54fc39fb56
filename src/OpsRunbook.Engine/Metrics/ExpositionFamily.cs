namespace OpsRunbook.Engine.Metrics;

/// <summary>What a page of metrics says about a metric family.</summary>
public sealed class ExpositionFamily
{
    /// <summary>What is known of a sample whose family is not described.</summary>
    public static ExpositionFamily Undescribed { get; } = new();

    /// <summary>Type, in lower case.</summary>
    public string Type { get; internal set; } = "untyped";

    /// <summary>Help text; null for none.</summary>
    public string? Help { get; internal set; }

    /// <summary>Unit as OpenMetrics declares it; null for none.</summary>
    public string? Unit { get; internal set; }
}
