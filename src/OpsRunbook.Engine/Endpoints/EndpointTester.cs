using System.Diagnostics;
using System.Text;
using OpsRunbook.Engine.Certificates;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Endpoints;

/// <summary>Tests endpoints of every kind and gives the public result.</summary>
/// <param name="host">Where the connections start.</param>
/// <param name="conditions">What is expected.</param>
internal sealed class EndpointTester(IHost host, EndpointConditions conditions)
{
    private const int MaximumBodyBytes = 1024 * 1024;

    /// <summary>Tests one endpoint. What is wrong with it is a result; only cancellation is thrown.</summary>
    /// <param name="address">The endpoint.</param>
    /// <param name="cancellationToken">Ends the test.</param>
    /// <returns>The result.</returns>
    public async Task<EndpointResult> TestAsync(EndpointAddress address, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        try
        {
            var reading = await (address.Kind switch
            {
                EndpointKind.Http => HttpAsync(address, cancellationToken),
                EndpointKind.Tls => TlsAsync(address, cancellationToken),
                EndpointKind.Ssh => SshProbe.ReadBannerAsync(host, address, conditions.Timeout, cancellationToken),
                EndpointKind.WebSocket => WebSocketProbe.UpgradeAsync(host, address, conditions, cancellationToken),
                EndpointKind.Ping => PingProbe.SendAsync(host, address, conditions.Timeout, cancellationToken),
                _ => TcpAsync(address, cancellationToken),
            });
            return Judge(address, reading);
        }
        catch (OpsException error)
        {
            return new EndpointResult
            {
                Status = CheckFailure.Status(error),
                Uri = address.Text,
                Kind = address.Kind,
                From = host.Name,
                Total = Stopwatch.GetElapsedTime(start),
                Message = error.Message,
                Reason = error.Id,
                NextStep = error.NextStep,
            };
        }
    }

    private EndpointResult Judge(EndpointAddress address, EndpointReading reading)
    {
        var time = reading.Timings.Total - (reading.Waited ?? TimeSpan.Zero);
        var slow = time > conditions.MaxLatency;
        var (status, reason, message) = reading.Fault is { } fault ? (HealthStatus.Critical, fault.Reason, fault.Message)
            : slow ? (HealthStatus.Warning, "Health.Slow", $"{reading.Message}; it took {Duration.Format(time)}, limit {Duration.Format(conditions.MaxLatency!.Value)}")
            : (HealthStatus.Healthy, null, reading.Message);
        return new EndpointResult
        {
            Status = status,
            Uri = address.Text,
            Kind = address.Kind,
            From = host.Name,
            StatusCode = reading.StatusCode,
            Dns = reading.Timings.Dns,
            Connect = reading.Timings.Connect,
            Tls = reading.Timings.Tls,
            FirstByte = reading.Timings.FirstByte,
            Total = reading.Timings.Total,
            RemoteAddress = reading.RemoteAddress,
            Message = message,
            Reason = reason,
            CertificateExpires = reading.CertificateExpires,
        };
    }

    private Task<EndpointReading> TcpAsync(EndpointAddress address, CancellationToken cancellationToken) => Deadline.RunAsync(
        conditions.Timeout,
        async token =>
        {
            var start = Stopwatch.GetTimestamp();
            await using var connection = await Connection.OpenAsync(host, address.Host, address.Port, token);
            return new EndpointReading("accepts connections", connection.Timings(start)) { RemoteAddress = connection.RemoteAddress?.ToString() };
        },
        () => EndpointErrors.Timeout(EndpointErrors.HostPort(address.Host, address.Port), conditions.Timeout, "accept a connection"),
        cancellationToken);

    private async Task<EndpointReading> TlsAsync(EndpointAddress address, CancellationToken cancellationToken)
    {
        var options = new TlsOptions(address.Host) { Insecure = conditions.Insecure, CaFile = conditions.CaFile };
        var (timings, chain, problem) = await TlsProbe.HandshakeAsync(host, address.Host, address.Port, options, conditions.Timeout, cancellationToken);
        var expires = chain.Min(certificate => certificate.NotAfter.ToUniversalTime());
        return new EndpointReading(problem?.Message ?? $"certificate for {CertificateNames.Of(chain[0])} until {Display.Moment(expires)}", timings)
        {
            CertificateExpires = expires,
        };
    }

    private async Task<EndpointReading> HttpAsync(EndpointAddress address, CancellationToken cancellationToken)
    {
        var response = await HttpProbe.SendAsync(
            host,
            new HttpProbeRequest(address.Url!)
            {
                Method = conditions.Method,
                Timeout = conditions.Timeout,
                MaximumBodyBytes = conditions.Body is null ? 0 : MaximumBodyBytes,
                MaximumRedirects = conditions.StatusCode.FollowsRedirects ? 5 : 0,
                Insecure = conditions.Insecure,
                CaFile = conditions.CaFile,
            },
            cancellationToken);
        var redirected = response.Url == address.Url || address.Url!.UserInfo.Length > 0 ? string.Empty : $" from {HttpProbe.Shown(response.Url)}";
        return new EndpointReading($"{response.StatusCode}{redirected}{(response.TlsProblem is { } problem ? $"; {problem}" : string.Empty)}", response.Timings)
        {
            StatusCode = response.StatusCode,
            RemoteAddress = response.RemoteAddress?.ToString(),
            CertificateExpires = response.Certificate?.NotAfter.ToUniversalTime(),
            Fault = Fault(response),
        };
    }

    private (string Reason, string Message)? Fault(HttpProbeResponse response)
    {
        if (!conditions.StatusCode.Matches(response.StatusCode))
        {
            var to = response.Headers.TryGetValue("Location", out var location) ? $" (redirects to {location})" : string.Empty;
            return ("Health.StatusMismatch", $"answered {response.StatusCode}, expected {conditions.StatusCode}{to}");
        }

        if (conditions.Body is not { } expected)
        {
            return null;
        }

        var text = Encoding.UTF8.GetString(response.Body.Span).TrimEnd('\r', '\n');
        return expected.Matches(text) ? null : ("Health.BodyMismatch", $"the body is \"{(text.Length > 80 ? text[..80] + "…" : text)}\", expected {expected}");
    }
}
