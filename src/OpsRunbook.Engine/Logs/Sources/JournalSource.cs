using System.Globalization;
using System.Runtime.CompilerServices;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Logs.Sources;

/// <summary>The journal of a host, for one unit or for the entries of some programs.</summary>
/// <param name="host">The host.</param>
/// <param name="selection">What is read, as arguments of journalctl: <c>--unit=nginx.service</c>, <c>_COMM=sshd</c>.</param>
/// <param name="origin">How its records are named.</param>
internal sealed class JournalSource(IHost host, IReadOnlyList<string> selection, RecordOrigin origin) : ILogSource
{
    // The journal's own order and limits are by the time at which it took an entry, shortly after it was sent.
    private static readonly TimeSpan Delay = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    public string Name => origin.Name;

    /// <summary>The journal of a unit.</summary>
    /// <param name="host">The host.</param>
    /// <param name="unit">The unit.</param>
    /// <param name="member">Name of the member of the stack.</param>
    /// <returns>The source.</returns>
    public static JournalSource OfUnit(IHost host, string unit, string member) =>
        new(host, ["--unit=" + unit], new RecordOrigin((host.Name == LocalHost.LocalName ? string.Empty : host.Name + ":") + "journal:" + unit, host.Name, member, member));

    /// <inheritdoc/>
    public async IAsyncEnumerable<LogRecord> ReadAsync(LogQuery query, IOperationOutput output, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var now = DateTime.UtcNow;
        string? cursor = null;
        if (query.Last is { } last && !query.HasContext)
        {
            var newest = await NewestAsync(query, last, output, cancellationToken);
            foreach (var (record, place) in newest)
            {
                cursor = place;
                yield return record;
            }
        }
        else if (!query.Follow || query.Since is not null || query.Last is not null)
        {
            await foreach (var (record, place) in JoinedAsync([.. Range(query)], follows: false, output, cancellationToken))
            {
                cursor = place;
                yield return record;
            }
        }

        if (query.Follow)
        {
            string[] from = cursor is null ? ["--since", Moment(now)] : ["--after-cursor", cursor];
            await foreach (var (record, _) in JoinedAsync(["--follow", "--no-tail", .. from], follows: true, output, cancellationToken))
            {
                if (cursor is not null || record.Time is null || record.Time >= now)
                {
                    yield return record;
                }
            }
        }
    }

    private static IEnumerable<string> Range(LogQuery query)
    {
        if (query.Since is { } since)
        {
            yield return "--since";
            yield return Moment(since);
        }

        if (query.Until is { } until)
        {
            yield return "--until";
            yield return Moment(until + Delay);
        }
    }

    private static string Moment(DateTime time) => time.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    // Backwards until there are enough, so that a journal of months is not read for its last lines.
    private async Task<List<(LogRecord Record, string? Cursor)>> NewestAsync(LogQuery query, int last, IOperationOutput output, CancellationToken cancellationToken)
    {
        var filter = new LogFilter(query);
        var records = new List<(LogRecord, string?)>();
        var later = new List<JournalEntry>();
        await foreach (var entry in EntriesAsync(["--reverse", .. Range(query)], follows: false, output, cancellationToken))
        {
            // At the end of a range nothing is missing, and in the reverse order nothing comes late.
            if (entry is null)
            {
                continue;
            }

            if (later.Count > 0 && later[^1].Pid?.Equals(entry.Pid) != true)
            {
                Take(Enumerable.Reverse(later));
            }

            later.Add(entry);
            if (!entry.ContinuesTrace)
            {
                Take(Enumerable.Reverse(later));
            }

            if (records.Count >= last)
            {
                break;
            }
        }

        Take(Enumerable.Reverse(later));
        records.Reverse();
        return [.. records.TakeLast(last)];

        void Take(IEnumerable<JournalEntry> entries)
        {
            List<JournalEntry> joined = [.. entries];
            later.Clear();
            if (joined.Count > 0 && Make(joined) is var record && filter.IsInRange(record) && filter.Accepts(record))
            {
                records.Add((record, joined[^1].Cursor));
            }
        }
    }

    private async IAsyncEnumerable<(LogRecord Record, string? Cursor)> JoinedAsync(
        string[] arguments, bool follows, IOperationOutput output, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var joined = new List<JournalEntry>();
        await foreach (var entry in EntriesAsync(arguments, follows, output, cancellationToken))
        {
            var goesOn = entry is { ContinuesTrace: true } && joined.Count is > 0 and < 10_000 && joined[^1].Pid?.Equals(entry.Pid) == true;
            if (!goesOn && joined.Count > 0)
            {
                yield return (Make(joined), joined[^1].Cursor);
                joined.Clear();
            }

            if (entry is not null)
            {
                joined.Add(entry);
            }
        }

        if (joined.Count > 0)
        {
            yield return (Make(joined), joined[^1].Cursor);
        }
    }

    private LogRecord Make(List<JournalEntry> joined)
    {
        var first = joined[0];
        var named = origin.DefaultService.Length > 0 ? origin : origin with { DefaultService = first.Identifier };
        return EntryRecord.Make(named, first.Time, first.Level, string.Join('\n', joined.Select(entry => entry.Message)), first.Fields);
    }

    // Null stands for a pause, in which the entry before it is complete.
    private async IAsyncEnumerable<JournalEntry?> EntriesAsync(
        string[] arguments, bool follows, IOperationOutput output, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // --all: otherwise a long field is left out. Long messages are cut by the reader of lines at 1 MiB.
        await using var command = await StartAsync(["journalctl", "--no-pager", "--output=json", "--all", .. arguments, .. selection], cancellationToken);
        var reader = new LineReader(command.Output);
        var foreign = string.Empty;
        while (await reader.ReadAsync(follows, cancellationToken) is { } lines)
        {
            foreach (var line in lines)
            {
                if (JournalEntry.Read(line) is { } entry)
                {
                    yield return entry;
                }
                else if (line.Length >= LineReader.LongestLine)
                {
                    output.Warning($"An entry of {Name} is longer than {ByteSize.Format(LineReader.LongestLine)} and is left out.");
                }
                else
                {
                    foreign = System.Text.Encoding.UTF8.GetString(line);
                }
            }

            if (lines.Count == 0)
            {
                yield return null;
            }
        }

        var result = await command.EndAsync(cancellationToken);
        var said = result.StandardError.Trim();
        if (said.Contains("nsufficient permissions", StringComparison.Ordinal) || said.Contains("not seeing messages", StringComparison.Ordinal))
        {
            output.Error(new OpsException(
                "Log.PermissionDenied",
                OpsErrorKind.PermissionDenied,
                $"The journal of {host.Name} may not be read by this user, or only in part: {said.Split('\n')[0]}",
                "Run as root or as a member of the group systemd-journal or adm.",
                Name));
        }
        else if (said.Contains("No journal files were found", StringComparison.Ordinal))
        {
            throw new OpsException("Log.NoJournal", OpsErrorKind.NotFound, $"{host.Name} has no journal.", "Name its log files under 'logs' in the stack file, or read them with -Path.", Name);
        }
        else if (!result.Succeeded && !(result.ExitCode == 1 && said.Length == 0))
        {
            throw new OpsException(
                "Log.ReadFailed",
                OpsErrorKind.OperationFailed,
                $"journalctl on {host.Name} failed: {(said.Length > 0 ? said.Split('\n')[0] : foreign)}",
                "Check the journal with 'journalctl --verify' there.",
                Name);
        }
    }

    private async Task<CommandStream> StartAsync(string[] arguments, CancellationToken cancellationToken)
    {
        try
        {
            return await host.StartAsync(new HostCommand(arguments), cancellationToken);
        }
        catch (OpsException error) when (error.Id == "Host.CommandNotFound")
        {
            throw new OpsException("Log.NoJournal", OpsErrorKind.NotInstalled, $"{host.Name} has no journalctl.", "Name its log files under 'logs' in the stack file, or read them with -Path.", Name, error);
        }
    }
}
