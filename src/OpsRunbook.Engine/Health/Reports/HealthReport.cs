namespace OpsRunbook.Engine.Health.Reports;

/// <summary>Writes health results in the formats of other systems.</summary>
public static class HealthReport
{
    /// <summary>Writes a report.</summary>
    /// <param name="format">The format.</param>
    /// <param name="results">The results in the order to report them.</param>
    /// <returns>The text, without a newline at its end.</returns>
    public static string Write(HealthReportFormat format, IReadOnlyList<ServiceHealth> results)
    {
        ArgumentNullException.ThrowIfNull(results);
        var newest = Newest(results);
        return format switch
        {
            HealthReportFormat.Nagios => NagiosReport.Write(newest),
            HealthReportFormat.JUnit => JUnitReport.Write(newest),
            _ => PrometheusReport.Write(newest),
        };
    }

    /// <summary>Checks that belong to no member, those of one target as one member.</summary>
    /// <param name="checks">The checks.</param>
    /// <returns>A member for each target.</returns>
    public static IEnumerable<ServiceHealth> Members(IEnumerable<CheckResult> checks) => checks
        .GroupBy(check => check.Target ?? check.Name, StringComparer.Ordinal)
        .Select(group => new ServiceHealth
        {
            Status = HealthStatuses.Worst(group.Select(check => check.Status)),
            Name = group.Key,
            Kind = MemberKind.Service,
            Message = group.First(check => check.Status == HealthStatuses.Worst(group.Select(other => other.Status))).Message,
            Latency = group.Max(check => check.Latency),
            Checks = group.ToList(),
            CheckedAt = group.Max(check => check.CheckedAt),
        });

    /// <summary>A host as a member.</summary>
    /// <param name="host">The host.</param>
    /// <returns>A member with the host's findings.</returns>
    public static ServiceHealth Member(HostHealth host)
    {
        ArgumentNullException.ThrowIfNull(host);
        return new ServiceHealth
        {
            Status = host.Status,
            Name = host.Host,
            Kind = MemberKind.Host,
            Host = host.Host,
            Message = host.Message,
            Checks = host.Findings,
            CheckedAt = host.CheckedAt,
        };
    }

    /// <summary>The newest result of each member, in the order in which the members first came: a watch reports one again when it changes.</summary>
    private static List<ServiceHealth> Newest(IEnumerable<ServiceHealth> results) => results
        .GroupBy(result => (result.Stack, result.Kind, result.Name, result.Host))
        .Select(group => group.Last())
        .ToList();
}
