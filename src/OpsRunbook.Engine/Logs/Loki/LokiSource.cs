using System.Runtime.CompilerServices;
using System.Text;
using OpsRunbook.Engine.Logs.Formats;
using OpsRunbook.Engine.Logs.Sources;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Logs.Loki;

/// <summary>The entries of a LogQL query as a source of records. Without a beginning it is the last hour, as it is for Loki itself.</summary>
/// <param name="target">The Loki.</param>
/// <param name="logQl">A log query.</param>
/// <param name="service">Name for the service of all records; null for the one that their labels say.</param>
public sealed class LokiSource(LokiTarget target, string logQl, string? service = null) : ILogSource
{
    /// <summary>So far back it is read when nobody says.</summary>
    public static readonly TimeSpan UsualRange = TimeSpan.FromHours(1);

    // Entries reach Loki late and not in the order of their times.
    private static readonly TimeSpan Late = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    // The names that agents commonly give, the most telling first.
    private static readonly string[] ServiceLabels = ["service_name", "service", "app", "application", "container", "container_name", "compose_service", "unit", "systemd_unit", "job"];
    private static readonly string[] HostLabels = ["host", "hostname", "node_name", "node", "instance"];
    private static readonly string[] LevelLabels = ["level", "severity", "detected_level"];

    private readonly LokiClient _client = new(target);

    /// <inheritdoc/>
    public string Name => "loki:" + logQl;

    /// <summary>A source for a member of a stack.</summary>
    /// <param name="session">The stack in use.</param>
    /// <param name="selector">LogQL.</param>
    /// <param name="member">Name of the member.</param>
    /// <returns>The source.</returns>
    internal static LokiSource Of(StackSession session, string selector, string member) => new(LokiTarget.Of(session), selector, member);

    /// <inheritdoc/>
    public async IAsyncEnumerable<LogRecord> ReadAsync(LogQuery query, IOperationOutput output, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentNullException.ThrowIfNull(output);
        var now = DateTime.UtcNow;
        var end = LokiEntry.Count(query.Until ?? now + Late);
        var start = LokiEntry.Count(query.Since ?? (query.Until ?? now) - UsualRange);
        if (query.Since is null && !query.Follow)
        {
            output.Verbose($"{Name} is read for one hour. Give -Since for more.");
        }

        var seen = new HashSet<(long, string, string)>();
        if (query.Last is { } last && !query.HasContext)
        {
            foreach (var record in await NewestAsync(query, start, end, last, seen, cancellationToken))
            {
                yield return record;
            }
        }
        else if (!query.Follow || query.Since is not null || query.Last is not null)
        {
            await foreach (var entry in _client.ReadAsync(logQl, start, end, newestFirst: false, cancellationToken))
            {
                Remember(seen, entry, query);
                yield return Make(entry);
            }
        }

        var from = query.Since is null && query.Last is null ? LokiEntry.Count(now) : start;
        while (query.Follow)
        {
            await Task.Delay(Interval, cancellationToken);
            var back = Math.Max(from, LokiEntry.Count(DateTime.UtcNow - Late));
            await foreach (var entry in _client.ReadAsync(logQl, back, LokiEntry.Count(DateTime.UtcNow + Late), newestFirst: false, cancellationToken))
            {
                if (seen.Add(entry.Identity))
                {
                    yield return Make(entry);
                }
            }

            seen.RemoveWhere(identity => identity.Item1 < back);
        }
    }

    /// <summary>Makes a record of an entry.</summary>
    /// <param name="entry">The entry.</param>
    /// <returns>The record.</returns>
    internal LogRecord Make(LokiEntry entry)
    {
        var level = LevelLabels.Select(label => LogLevels.Parse(Encoding.UTF8.GetBytes(Label(entry, label) ?? string.Empty))).FirstOrDefault(found => found != LogLevel.Unknown);
        var origin = new RecordOrigin(
            Name,
            HostLabels.Select(label => Label(entry, label)).FirstOrDefault(name => name is not null) ?? target.Host.Name,
            service ?? ServiceLabels.Select(label => Label(entry, label)).FirstOrDefault(name => name is not null),
            string.Empty);
        return EntryRecord.Make(origin, entry.Time, level, entry.Line, entry.Labels);
    }

    private static string? Label(LokiEntry entry, string name) => entry.Labels.GetValueOrDefault(name) as string;

    private static void Remember(HashSet<(long, string, string)> seen, LokiEntry entry, LogQuery query)
    {
        if (query.Follow && entry.Time > DateTime.UtcNow - Late - Late)
        {
            seen.Add(entry.Identity);
        }
    }

    private async Task<List<LogRecord>> NewestAsync(LogQuery query, long start, long end, int last, HashSet<(long, string, string)> seen, CancellationToken cancellationToken)
    {
        var filter = new LogFilter(query);
        var records = new List<LogRecord>();
        await foreach (var entry in _client.ReadAsync(logQl, start, end, newestFirst: true, cancellationToken))
        {
            Remember(seen, entry, query);
            if (Make(entry) is var record && filter.IsInRange(record) && filter.Accepts(record))
            {
                records.Add(record);
                if (records.Count == last)
                {
                    break;
                }
            }
        }

        records.Reverse();
        return records;
    }
}
