namespace OpsRunbook;

/// <summary>
/// The one status that every check of the module reports. The numbers are the exit codes of the
/// Monitoring Plugins development guidelines (OK 0, WARNING 1, CRITICAL 2, UNKNOWN 3).
/// </summary>
public enum HealthStatus
{
    /// <summary>The check ran and everything is within its limits.</summary>
    Healthy = 0,

    /// <summary>The check ran and a warning limit is exceeded.</summary>
    Warning = 1,

    /// <summary>The check ran and the thing is down or a critical limit is exceeded.</summary>
    Critical = 2,

    /// <summary>The check could not run, so nothing is known. Never the same as healthy.</summary>
    Unknown = 3,
}
