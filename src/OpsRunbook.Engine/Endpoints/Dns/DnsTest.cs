using System.IO.Enumeration;
using System.Net;

namespace OpsRunbook.Engine.Endpoints.Dns;

/// <summary>Looks names up at one or several resolvers, and compares what they say.</summary>
public static class DnsTest
{
    private const int AtOnce = 64;

    /// <summary>Writes a <see cref="DnsRecordResult"/> for each name, type and resolver.</summary>
    /// <param name="request">Names and expectations.</param>
    /// <param name="output">Takes the results, and an error for each name or resolver that cannot be one.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>A task that ends with the last answer.</returns>
    /// <exception cref="OpsException">No resolver can be asked.</exception>
    public static async Task RunAsync(DnsTestRequest request, IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(output);
        var resolvers = new List<IPEndPoint>();
        foreach (var text in request.Resolvers)
        {
            resolvers.Add(await DnsResolvers.ParseAsync(text, cancellationToken));
        }

        // Of its own resolvers a machine asks the second only when the first does not answer; they need no comparison.
        IReadOnlyList<IPEndPoint> asked = resolvers.Count > 0 ? resolvers : [DnsResolvers.OfThisMachine()[0]];
        var questions = request.Names.SelectMany(name => request.Types.Select(type => (name, type)));
        var options = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(questions, options, async (question, token) =>
        {
            try
            {
                var results = await Task.WhenAll(asked.Select(resolver => AskAsync(resolver, question.name, question.type, request, token)));
                foreach (var result in Compare(results))
                {
                    await output.WriteAsync(result, token);
                }
            }
            catch (OpsException error)
            {
                output.Error(error);
            }
        });
    }

    /// <summary>Marks the answers that differ from what most resolvers say.</summary>
    /// <param name="results">Answers of several resolvers to one question.</param>
    /// <returns>The same in the same order.</returns>
    internal static IEnumerable<DnsRecordResult> Compare(IReadOnlyList<DnsRecordResult> results)
    {
        // A resolver that did not answer says nothing about the record.
        var groups = results.Where(result => result.Status != HealthStatus.Unknown)
            .GroupBy(Key, StringComparer.Ordinal)
            .OrderByDescending(group => group.Count())
            .ToList();
        if (groups.Count < 2)
        {
            return results;
        }

        var majority = groups[0].Count() > groups[1].Count() ? groups[0].Key : null;
        return results.Select(result => result.Status != HealthStatus.Healthy || Key(result) == majority ? result : Differing(result, results));

        // Several addresses are given out in turns, and their time runs down: neither is a difference.
        static string Key(DnsRecordResult result) => string.Join('\n', result.Values) + result.Reason;
    }

    private static DnsRecordResult Differing(DnsRecordResult result, IReadOnlyList<DnsRecordResult> all)
    {
        var other = all.First(each => each.Status != HealthStatus.Unknown && !each.Values.SequenceEqual(result.Values, StringComparer.Ordinal));
        var says = other.Values.Count > 0 ? string.Join(", ", other.Values) : other.Message;
        return new DnsRecordResult
        {
            Status = HealthStatus.Warning,
            Name = result.Name,
            Type = result.Type,
            Resolver = result.Resolver,
            Values = result.Values,
            Expected = result.Expected,
            Ttl = result.Ttl,
            Latency = result.Latency,
            Message = $"{other.Resolver} says otherwise: {says}",
            Reason = "Dns.Differs",
            CheckedAt = result.CheckedAt,
        };
    }

    /// <summary>Asks one resolver one question and judges the answer.</summary>
    internal static async Task<DnsRecordResult> AskAsync(IPEndPoint resolver, string name, DnsRecordType type, DnsTestRequest request, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await DnsClient.QueryAsync(resolver, DnsMessage.NameFor(name, type), type, request.Timeout, cancellationToken);
            var records = answer.Records.Where(record => record.Type == type).ToList();
            var values = records.Select(record => record.Value).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
            var (status, reason, message) = Judge(answer, name, type, values, request.Expected);
            return new DnsRecordResult
            {
                Status = status,
                Name = name,
                Type = type,
                Resolver = DnsResolvers.Text(resolver),
                Values = values,
                Expected = request.Expected,
                Ttl = records.Count > 0 ? records.Min(record => record.Ttl) : null,
                Latency = answer.Latency,
                Message = message,
                Reason = reason,
            };
        }
        catch (OpsException error) when (error.Id != "Dns.NameInvalid")
        {
            return new DnsRecordResult
            {
                Status = HealthStatus.Unknown,
                Name = name,
                Type = type,
                Resolver = DnsResolvers.Text(resolver),
                Expected = request.Expected,

                // The resolver stands in its own column.
                Message = error.Message.Replace($"The resolver {DnsResolvers.Text(resolver)} ", string.Empty, StringComparison.Ordinal),
                Reason = error.Id,
            };
        }
    }

    private static (HealthStatus Status, string? Reason, string Message) Judge(
        DnsAnswer answer,
        string name,
        DnsRecordType type,
        List<string> values,
        IReadOnlyList<string> expected)
    {
        switch (answer.Code)
        {
            case DnsAnswer.Success:
                break;
            case DnsAnswer.NameUnknown:
                return (HealthStatus.Critical, "Dns.NameUnknown", "the name does not exist (NXDOMAIN)");
            case DnsAnswer.ServerFailure:
                return (HealthStatus.Critical, "Dns.ServerFailure", "the resolver could not find out (SERVFAIL): the zone's servers do not answer, or its signatures (DNSSEC) are wrong");
            case DnsAnswer.Refused:
                return (HealthStatus.Unknown, "Dns.Refused", "the resolver refuses to answer (REFUSED): it does not serve this zone or this client");
            default:
                return (HealthStatus.Unknown, "Dns.ServerError", $"the resolver answered with error {answer.Code}");
        }

        if (values.Count == 0)
        {
            return (HealthStatus.Critical, "Dns.NoData", $"the name exists, but has no {type} record");
        }

        var missing = expected.Where(pattern => !values.Exists(value => Matches(pattern, value))).ToList();
        if (missing.Count > 0)
        {
            return (HealthStatus.Critical, "Dns.Unexpected", $"expected {string.Join(", ", missing)}");
        }

        // Everybody's verification texts share one name; of other types each value is used.
        var extra = expected.Count > 0 && type != DnsRecordType.TXT
            ? values.Where(value => !expected.Any(pattern => Matches(pattern, value))).ToList()
            : [];
        if (extra.Count > 0)
        {
            return (HealthStatus.Warning, "Dns.Unexpected", $"also has {string.Join(", ", extra)}, which is not expected");
        }

        var aliases = answer.Records.Where(record => record.Type == DnsRecordType.CNAME).Select(record => record.Value).ToList();
        return (HealthStatus.Healthy, null, aliases.Count > 0 && type != DnsRecordType.CNAME ? "through " + string.Join(", ", aliases) : string.Empty);
    }

    private static bool Matches(string pattern, string value) =>
        FileSystemName.MatchesSimpleExpression(pattern.TrimEnd('.'), value, ignoreCase: true) || (IPAddress.TryParse(pattern, out var one) && IPAddress.TryParse(value, out var other) && one.Equals(other));
}
