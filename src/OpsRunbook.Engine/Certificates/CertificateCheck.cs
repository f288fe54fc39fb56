using OpsRunbook.Engine.Endpoints;
using OpsRunbook.Engine.Health;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Certificates;

/// <summary>A certificate of a stack as a part of its health: what <c>Test-Certificate</c> says about it, in one result.</summary>
/// <param name="name">Name of the check in its result.</param>
/// <param name="certificate">Endpoint and file.</param>
public sealed class CertificateCheck(string name, StackCertificate certificate) : IHealthCheck
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public TimeSpan Timeout => Limit + CheckFailure.Backstop;

    /// <inheritdoc/>
    public async Task<CheckResult> RunAsync(StackSession session, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        var query = CertificateTest.QueryOf(null, certificate);
        var terms = new CertificateTerms { Warning = certificate.Warning, Critical = certificate.Critical, Timeout = Limit };
        CertificateProbe? probe = null;
        IReadOnlyList<CertificateStatus> found;
        try
        {
            probe = new CertificateProbe(session.Host(certificate.Host), terms);
            found = await Deadline.RunAsync(
                Limit,
                token => probe.LookAsync(query, token),
                () => EndpointErrors.Timeout(certificate.Endpoint ?? certificate.File!, Limit, "answer"),
                cancellationToken);
        }
        catch (OpsException error)
        {
            found = [(probe ?? new CertificateProbe(new Hosts.LocalHost(), terms)).Nothing(query, error)];
        }

        // Every certificate counts, the worst is told, and of equals the one with the least time left.
        var status = HealthStatuses.Worst(found.Select(each => each.Status));
        var worst = found.Where(each => each.Status == status).MinBy(each => each.NotAfter ?? DateTime.MaxValue)!;
        var ends = found.SelectMany(each => each.Chain).Select(link => link.NotAfter).DefaultIfEmpty(DateTime.MaxValue).Min();
        return new CheckResult
        {
            Name = name,
            Status = status,
            Message = worst.Message,
            Reason = worst.Reason,
            Target = certificate.Endpoint ?? certificate.File,
            Latency = found[0].Latency,
            Measurements = ends == DateTime.MaxValue ? [] : [new Measurement("days", Math.Round((ends - terms.At).TotalDays, 1))],
        };
    }
}
