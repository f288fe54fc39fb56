using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using OpsRunbook.Engine.Docker;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Logs.Sources;

/// <summary>The output of a container, as the engine keeps it. The time of a record is the one at which the engine took its first line.</summary>
/// <param name="host">Host of the engine.</param>
/// <param name="endpoint">Address of the engine there; null for the usual one.</param>
/// <param name="container">Id of the container.</param>
/// <param name="name">Its name.</param>
/// <param name="member">Name of the member of the stack.</param>
internal sealed class ContainerSource(IHost host, string? endpoint, string container, string name, string member) : ILogSource
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(10);

    private readonly RecordOrigin _origin = new((host.Name == LocalHost.LocalName ? string.Empty : host.Name + ":") + "container:" + name, host.Name, member, member);

    /// <inheritdoc/>
    public string Name => _origin.Name;

    /// <inheritdoc/>
    public async IAsyncEnumerable<LogRecord> ReadAsync(LogQuery query, IOperationOutput output, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var docker = new DockerClient(host, endpoint);
        var isTerminal = await IsTerminalAsync(docker, cancellationToken);
        var place = new Place();
        if (query.Last is { } last && !query.HasContext)
        {
            foreach (var record in await NewestAsync(docker, isTerminal, query, last, place, cancellationToken))
            {
                yield return record;
            }
        }
        else if (!query.Follow || query.Since is not null || query.Last is not null)
        {
            await foreach (var record in PartAsync(docker, isTerminal, Range(query), follows: false, place, cancellationToken))
            {
                yield return record;
            }
        }

        // The log ends with the container; it may be started again.
        var begin = Seconds(DateTime.UtcNow);
        while (query.Follow)
        {
            var since = "follow=1&since=" + (place.Stamp is { } stamp ? Seconds(stamp) : begin);
            await foreach (var record in PartAsync(docker, isTerminal, since, follows: true, place, cancellationToken))
            {
                yield return record;
            }

            await Task.Delay(Pause, cancellationToken);
        }
    }

    /// <summary>The last lines as they are, without what a record needs.</summary>
    /// <param name="lines">So many lines.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The lines, the newest last, both outputs mixed as they were written. None is empty.</returns>
    /// <exception cref="OpsException"><c>Docker.NoSuchContainer</c>, <c>Docker.RequestFailed</c>, <c>Docker.NotAnswering</c>.</exception>
    public async Task<IReadOnlyList<string>> LastLinesAsync(int lines, CancellationToken cancellationToken)
    {
        using var docker = new DockerClient(host, endpoint);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(AnswerLimit);
        var found = new List<string>();
        try
        {
            var isTerminal = await IsTerminalAsync(docker, limit.Token);
            await using var stream = await docker.OpenLogAsync(container, string.Create(CultureInfo.InvariantCulture, $"tail={lines}"), limit.Token);
            var log = new ContainerLog(stream, isTerminal);
            while (await log.ReadAsync(saysQuiet: false, limit.Token) is { } read)
            {
                found.AddRange(read.Where(line => line.Text.Length > 0).Select(line => Encoding.UTF8.GetString(line.Text)));
            }
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw DockerErrors.NotAnswering(docker.Endpoint, $"it did not send the log of {name} in {Duration.Format(AnswerLimit)}.", error);
        }

        return found.TakeLast(lines).ToList();
    }

    private static string Range(LogQuery query)
    {
        List<string> parts = [];
        if (query.Since is { } since)
        {
            parts.Add("since=" + Seconds(since));
        }

        if (query.Until is { } until)
        {
            parts.Add("until=" + Seconds(until));
        }

        return string.Join('&', parts);
    }

    private static string Seconds(DateTime time)
    {
        var ticks = (time - DateTime.UnixEpoch).Ticks;
        return string.Create(CultureInfo.InvariantCulture, $"{ticks / TimeSpan.TicksPerSecond}.{ticks % TimeSpan.TicksPerSecond:0000000}00");
    }

    // Nanoseconds, which a DateTime does not hold.
    private static string Seconds(string stamp)
    {
        var dot = stamp.IndexOf('.', StringComparison.Ordinal);
        var whole = DateTime.Parse(dot < 0 ? stamp : stamp[..dot] + "Z", CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal);
        var fraction = dot < 0 ? string.Empty : stamp[(dot + 1)..].TrimEnd('Z');
        return string.Create(CultureInfo.InvariantCulture, $"{(whole - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerSecond}.{fraction.PadRight(9, '0')}");
    }

    private async Task<bool> IsTerminalAsync(DockerClient docker, CancellationToken cancellationToken)
    {
        using var answer = await docker.GetJsonAsync($"containers/{Uri.EscapeDataString(container)}/json", cancellationToken, name);
        return answer.RootElement.TryGetProperty("Config", out var config) && config.TryGetProperty("Tty", out var tty) && tty.ValueKind == JsonValueKind.True;
    }

    // The engine counts lines, and some of them are no record of their own: more and more are asked for until there are enough.
    private async Task<List<LogRecord>> NewestAsync(DockerClient docker, bool isTerminal, LogQuery query, int last, Place place, CancellationToken cancellationToken)
    {
        var filter = new LogFilter(query);
        for (var lines = Math.Max(last, 100L); ; lines *= 8)
        {
            var (found, count) = (new Queue<LogRecord>(), 0);
            place.Clear();
            var parameters = string.Join('&', new[] { Range(query), string.Create(CultureInfo.InvariantCulture, $"tail={lines}") }.Where(part => part.Length > 0));
            await foreach (var record in PartAsync(docker, isTerminal, parameters, follows: false, place, cancellationToken))
            {
                if (filter.IsInRange(record) && filter.Accepts(record))
                {
                    count++;
                    found.Enqueue(record);
                    if (found.Count > last)
                    {
                        found.Dequeue();
                    }
                }
            }

            // The oldest one may have lost its first lines, so there must be one more, or nothing before it.
            if (count > last || place.Lines < lines || lines > int.MaxValue)
            {
                return [.. found];
            }
        }
    }

    private async IAsyncEnumerable<LogRecord> PartAsync(
        DockerClient docker, bool isTerminal, string parameters, bool follows, Place place, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var stream = await docker.OpenLogAsync(container, parameters, cancellationToken);
        var log = new ContainerLog(stream, isTerminal);
        var records = new ContainerRecords(_origin, name);
        var (known, skip) = follows ? (place.Stamp, place.AtStamp) : (null, 0);
        while (await log.ReadAsync(follows, cancellationToken) is { } lines)
        {
            // A log that is read on begins with what has been given already.
            var fresh = lines.Where(line => line.Stamp != known || skip-- <= 0).ToList();
            foreach (var line in fresh)
            {
                place.Add(line.Stamp);
            }

            foreach (var record in records.Take(fresh, all: lines.Count == 0))
            {
                yield return record;
            }
        }

        foreach (var record in records.Take([], all: true))
        {
            yield return record;
        }
    }

    private sealed class Place
    {
        /// <summary>Time of the last line by the engine; null before the first one.</summary>
        public string? Stamp { get; private set; }

        /// <summary>So many lines had that time.</summary>
        public int AtStamp { get; private set; }

        /// <summary>Lines so far.</summary>
        public long Lines { get; private set; }

        public void Clear() => (Stamp, AtStamp, Lines) = (null, 0, 0);

        public void Add(string stamp)
        {
            Lines++;
            (AtStamp, Stamp) = (stamp == Stamp ? AtStamp + 1 : 1, stamp);
        }
    }
}
