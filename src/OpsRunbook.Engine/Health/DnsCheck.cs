using OpsRunbook.Engine.Endpoints;
using OpsRunbook.Engine.Endpoints.Dns;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Health;

/// <summary>A DNS record that must exist, with the values that are expected. Asked from this machine.</summary>
/// <param name="name">Name of the check in its result.</param>
/// <param name="check">Name, type, resolver and expected values.</param>
/// <param name="timeout">Longest time to wait for the answer.</param>
public sealed class DnsCheck(string name, StackHealthCheck check, TimeSpan timeout) : IHealthCheck
{
    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public TimeSpan Timeout => timeout + CheckFailure.Backstop;

    /// <inheritdoc/>
    public async Task<CheckResult> RunAsync(StackSession session, CancellationToken cancellationToken)
    {
        var target = $"{check.RecordType} {check.Dns}";
        try
        {
            var resolver = check.Resolver is null
                ? DnsResolvers.OfThisMachine()[0]
                : await DnsResolvers.ParseAsync(check.Resolver, cancellationToken);
            var request = new DnsTestRequest([check.Dns!]) { Expected = check.Expect, Timeout = timeout };
            var answer = await DnsTest.AskAsync(resolver, check.Dns!, check.RecordType, request, cancellationToken);
            return new CheckResult
            {
                Name = Name,
                Status = answer.Status,
                Message = answer.Status == HealthStatus.Healthy ? $"{target} is {string.Join(", ", answer.Values)}" : $"{target}: {answer.Message}",
                Reason = answer.Reason,
                Target = target,
                Latency = answer.Latency,
            };
        }
        catch (OpsException error)
        {
            return CheckResults.From(Name, error, target);
        }
    }
}
