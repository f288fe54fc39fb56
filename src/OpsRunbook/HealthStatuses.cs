namespace OpsRunbook;

/// <summary>How statuses combine.</summary>
public static class HealthStatuses
{
    /// <summary>
    /// The worse of two statuses in the order of <c>max_state_alt</c> of the Monitoring Plugins:
    /// Critical, Warning, Unknown, Healthy.
    /// </summary>
    /// <param name="first">One status.</param>
    /// <param name="second">The other.</param>
    /// <returns>The one that an operator must look at first.</returns>
    public static HealthStatus Worst(HealthStatus first, HealthStatus second) =>
        Severity(first) >= Severity(second) ? first : second;

    /// <summary>The worst of many statuses; <see cref="HealthStatus.Healthy"/> for none.</summary>
    /// <param name="statuses">The statuses to combine.</param>
    /// <returns>The worst one.</returns>
    public static HealthStatus Worst(IEnumerable<HealthStatus> statuses)
    {
        ArgumentNullException.ThrowIfNull(statuses);
        return statuses.Aggregate(HealthStatus.Healthy, Worst);
    }

    private static int Severity(HealthStatus status) => status switch
    {
        HealthStatus.Critical => 3,
        HealthStatus.Warning => 2,
        HealthStatus.Unknown => 1,
        _ => 0,
    };
}
