using System.Text;
using System.Text.Json;
using OpsRunbook.Engine.Endpoints;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Health;

/// <summary>An HTTP request whose answer must meet conditions.</summary>
/// <param name="host">Host from which the request is made; null for this machine.</param>
/// <param name="check">Address and conditions.</param>
/// <param name="latency">The stack's limits of latency, seconds.</param>
/// <param name="timeout">Longest time to wait.</param>
public sealed class HttpCheck(string? host, StackHealthCheck check, Threshold latency, TimeSpan timeout) : IHealthCheck
{
    private const int MaximumBody = 1024 * 1024;

    /// <inheritdoc/>
    public string Name => check.Name ?? "http";

    /// <summary>A little more than the request has, so that the probe's own words about the timeout are heard.</summary>
    public TimeSpan Timeout => timeout + TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    public async Task<CheckResult> RunAsync(StackSession session, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        if (!Uri.TryCreate(check.Url, UriKind.Absolute, out var url))
        {
            return CheckResults.Unknown(Name, "Endpoint.UrlInvalid", $"{CheckResults.Quote(check.Url ?? string.Empty)} is not an absolute http or https address.");
        }

        var target = HttpProbe.Shown(url);
        try
        {
            var expected = check.Status is null ? HttpStatusCondition.Default : HttpStatusCondition.Parse(check.Status);
            var conditions = check.Conditions.Select(pair => HttpCondition.Parse(pair.Key, pair.Value)).ToList();
            var request = new HttpProbeRequest(url)
            {
                Headers = await HeadersAsync(session, cancellationToken),
                Timeout = timeout,
                Insecure = check.Insecure,
                MaximumRedirects = expected.FollowsRedirects ? 5 : 0,
                MaximumBodyBytes = conditions.Exists(condition => condition.NeedsBody) ? MaximumBody : 0,
            };
            var response = await HttpProbe.SendAsync(session.Host(host), request, cancellationToken);
            return Judge(response, expected, conditions, target);
        }
        catch (OpsException error)
        {
            return CheckResults.From(Name, error, target);
        }
    }

    private static string Decode(HttpProbeResponse response)
    {
        var encoding = Encoding.UTF8;
        if (response.Headers.TryGetValue("Content-Type", out var type)
            && System.Net.Http.Headers.MediaTypeHeaderValue.TryParse(type, out var media)
            && media.CharSet?.Trim('"') is { } name)
        {
            try
            {
                encoding = Encoding.GetEncoding(name);
            }
            catch (ArgumentException)
            {
                // An encoding that this runtime does not know is read as UTF-8, the encoding of JSON.
            }
        }

        return encoding.GetString(response.Body.Span).TrimStart('\ufeff');
    }

    private async Task<Dictionary<string, string>> HeadersAsync(StackSession session, CancellationToken cancellationToken)
    {
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase) { ["User-Agent"] = "OpsRunbook" };
        foreach (var (name, value) in check.Headers)
        {
            headers[name] = await session.SecretAsync(value, cancellationToken) ?? string.Empty;
        }

        return headers;
    }

    private CheckResult Judge(HttpProbeResponse response, HttpStatusCondition expected, List<HttpCondition> conditions, string target)
    {
        var time = response.Timings.Total;
        var measurement = Measure(time);
        var (status, reason, message) = Fault(response, expected, conditions) is { } fault
            ? (HealthStatus.Critical, fault.Reason, fault.Message)
            : measurement.Status == HealthStatus.Healthy
                ? (HealthStatus.Healthy, (string?)null, $"{response.StatusCode} in {Duration.Format(time)}")
                : (measurement.Status, "Health.Slow", $"{response.StatusCode} took {Duration.Format(time)}, limit {Limit(measurement)}");
        return new CheckResult
        {
            Name = Name,
            Status = status,
            Reason = reason,
            Message = check.Insecure && target.StartsWith("https", StringComparison.Ordinal) ? message + " (certificate not verified)" : message,
            Target = target,
            Latency = time,
            Measurements = [measurement],
        };
    }

    private static (string Reason, string Message)? Fault(HttpProbeResponse response, HttpStatusCondition expected, List<HttpCondition> conditions)
    {
        if (!expected.Matches(response.StatusCode))
        {
            return ("Health.StatusMismatch", $"answered {response.StatusCode}, expected {expected}{Location(response)}");
        }

        if (conditions.Count == 0)
        {
            return null;
        }

        var text = conditions.Exists(condition => condition.NeedsBody) ? Decode(response) : string.Empty;
        using var json = conditions.Find(condition => condition.NeedsJson) is null ? null : Json(text);
        foreach (var condition in conditions)
        {
            if (condition.NeedsJson && response.BodyTruncated)
            {
                return ("Health.BodyTooLong", $"the body is longer than {ByteSize.Format(MaximumBody)}, so {condition.Key} cannot be read");
            }

            if (condition.NeedsJson && json is null)
            {
                return ("Health.BodyNotJson", $"the body is not JSON but {CheckResults.Quote(text.Trim())}, so {condition.Key} cannot be read");
            }

            if (condition.Fault(response.Headers, text, json?.RootElement ?? default) is { } fault)
            {
                return fault;
            }
        }

        return null;
    }

    private static string Location(HttpProbeResponse response) =>
        response.Headers.TryGetValue("Location", out var location) ? $" (redirects to {CheckResults.Quote(location)})" : string.Empty;

    private static JsonDocument? Json(string text)
    {
        try
        {
            return JsonDocument.Parse(text);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string Limit(Measurement measurement) => Duration.Format(
        TimeSpan.FromSeconds((measurement.Status == HealthStatus.Critical ? measurement.Critical : measurement.Warning) ?? 0));

    // A limit of the check's own above the stack's critical one means that this answer may take so long.
    private Measurement Measure(TimeSpan time)
    {
        var warning = check.Latency?.TotalSeconds ?? latency.Warning;
        var critical = latency.Critical > warning || check.Latency is null ? latency.Critical : null;
        return new Measurement("latency", time.TotalSeconds, "s", warning, critical, Minimum: 0);
    }
}
