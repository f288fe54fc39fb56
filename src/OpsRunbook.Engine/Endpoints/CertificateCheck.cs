using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using OpsRunbook.Engine.Health;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Endpoints;

/// <summary>Looks at how long a certificate is still valid, where it is served and where it lies.</summary>
/// <param name="name">Name of the check in its result.</param>
/// <param name="certificate">Endpoint and file.</param>
public sealed class CertificateCheck(string name, StackCertificate certificate) : IHealthCheck
{
    private const int MaximumFileBytes = 1024 * 1024;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public TimeSpan Timeout => Limit + CheckFailure.Backstop;

    /// <inheritdoc/>
    public async Task<CheckResult> RunAsync(StackSession session, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        var target = certificate.Endpoint ?? certificate.File;
        try
        {
            if (target is null)
            {
                throw new OpsException(
                    "Certificate.NothingToCheck",
                    OpsErrorKind.InvalidArgument,
                    "The certificate has neither an endpoint nor a file.",
                    "Give it one in the stack file: endpoint: host:443.");
            }

            return await Deadline.RunAsync(
                Limit,
                token => CheckAsync(session.Host(certificate.Host), target, token),
                () => EndpointErrors.Timeout(target, Limit, "answer"),
                cancellationToken);
        }
        catch (OpsException error)
        {
            return Result(error.Id == "Certificate.NothingToCheck" ? HealthStatus.Unknown : CheckFailure.Status(error), error.Message, error.Id, target);
        }
    }

    private async Task<CheckResult> CheckAsync(IHost host, string target, CancellationToken cancellationToken)
    {
        var findings = new List<CheckResult>();
        IReadOnlyList<X509Certificate2> served = [];
        TimeSpan? latency = null;
        if (certificate.Endpoint is { } endpoint)
        {
            var (address, port) = Endpoint.Split(endpoint, 443);
            var options = new TlsOptions(certificate.ServerName ?? address) { Insecure = true };
            var (timings, chain, problem) = await TlsProbe.HandshakeAsync(host, address, port, options, Limit, cancellationToken);
            served = chain;
            latency = timings.Total;
            findings.AddRange(chain.Select((each, index) => Age(each, endpoint, index == 0 ? "is served and" : $"({each.Subject}) in the chain")));

            // An authority that only this machine does not know need not trouble those who use the site.
            if (problem is not null && problem.Id is not ("Endpoint.TlsExpired" or "Endpoint.TlsNotYetValid"))
            {
                var trust = problem.Id is "Endpoint.TlsSelfSigned" or "Endpoint.TlsUntrusted";
                findings.Add(Result(trust ? HealthStatus.Warning : HealthStatus.Critical, problem.Message, problem.Id, endpoint));
            }
        }

        if (certificate.File is { } file)
        {
            findings.AddRange(await FileAsync(host, file, served, cancellationToken));
        }

        // Every finding counts, the worst is told, and of equals the one with the least time left.
        var status = HealthStatuses.Worst(findings.Select(finding => finding.Status));
        var worst = findings.Where(finding => finding.Status == status)
            .MinBy(finding => finding.Measurements is [var days, ..] ? days.Value : double.MaxValue)!;
        var least = findings.SelectMany(finding => finding.Measurements).MinBy(days => days.Value);
        return new CheckResult
        {
            Name = name,
            Status = status,
            Message = worst.Message,
            Reason = worst.Reason,
            Target = target,
            Latency = latency,
            Measurements = least is null ? [] : [least],
        };
    }

    private async Task<List<CheckResult>> FileAsync(
        IHost host,
        string file,
        IReadOnlyList<X509Certificate2> served,
        CancellationToken cancellationToken)
    {
        var content = await host.ReadFileAsync(file, MaximumFileBytes, cancellationToken)
            ?? throw new OpsException(
                "Certificate.FileMissing",
                OpsErrorKind.NotFound,
                $"The certificate file {file} does not exist on {host.Name}.",
                "Check the path in the stack file.",
                file);
        var stored = new X509Certificate2Collection();
        try
        {
            stored.ImportFromPem(Encoding.UTF8.GetString(content));
            if (stored.Count == 0)
            {
                stored.Add(new X509Certificate2(content));
            }
        }
        catch (CryptographicException error)
        {
            return [Result(HealthStatus.Critical, $"The file {file} holds no certificate: {error.Message}", "Certificate.FileInvalid", file)];
        }

        var findings = stored.Select((each, index) => Age(each, file, index == 0 ? "on disk" : $"({each.Subject}) on disk")).ToList();
        if (served is [var live, ..] && !live.RawDataMemory.Span.SequenceEqual(stored[0].RawDataMemory.Span))
        {
            findings.Add(Result(
                HealthStatus.Warning,
                $"{certificate.Endpoint} serves another certificate (until {Display.Moment(live.NotAfter.ToUniversalTime())}) than lies in {file} (until {Display.Moment(stored[0].NotAfter.ToUniversalTime())}): the server was not reloaded, or serves another file.",
                "Certificate.NotReloaded",
                file));
        }

        return findings;
    }

    private CheckResult Age(X509Certificate2 each, string target, string where)
    {
        var ends = each.NotAfter.ToUniversalTime();
        var left = ends - DateTime.UtcNow;
        var days = left.TotalDays;
        var status = left <= certificate.Critical ? HealthStatus.Critical : left <= certificate.Warning ? HealthStatus.Warning : HealthStatus.Healthy;
        var message = left <= TimeSpan.Zero
            ? $"The certificate {where} expired on {Display.Moment(ends)} ({target})."
            : $"The certificate {where} is valid for {Math.Floor(days).ToString(CultureInfo.InvariantCulture)} more days, until {Display.Moment(ends)}.";
        if (each.NotBefore.ToUniversalTime() > DateTime.UtcNow)
        {
            status = HealthStatus.Critical;
            message = $"The certificate {where} is valid only from {Display.Moment(each.NotBefore.ToUniversalTime())} ({target}).";
        }

        var reason = status == HealthStatus.Healthy ? null : left <= TimeSpan.Zero ? "Certificate.Expired" : "Certificate.Expiring";
        return Result(status, message, reason, target, new Measurement("days", Math.Round(days, 1)));
    }

    private CheckResult Result(HealthStatus status, string message, string? reason, string? target, params Measurement[] measurements) => new()
    {
        Name = name,
        Status = status,
        Message = message,
        Reason = reason,
        Target = target,
        Measurements = measurements,
    };
}
