namespace OpsRunbook;

/// <summary>Formats that other systems read health from.</summary>
public enum HealthReportFormat
{
    /// <summary>Plugin output with performance data, as the Monitoring Plugins development guidelines have it.</summary>
    Nagios,

    /// <summary>JUnit XML, which every CI system shows.</summary>
    JUnit,

    /// <summary>Prometheus text exposition format, for a textfile collector or a push gateway.</summary>
    Prometheus,
}
