using System.Runtime.CompilerServices;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Logs.Files;

namespace OpsRunbook.Engine.Logs.Sources;

/// <summary>A log file of a host that is reached over SSH or through the Engine API. Only the part that can hold wanted records comes over.</summary>
internal sealed class HostFileSource : ILogSource
{
    private const long FirstLook = 256 * 1024;
    private static readonly TimeSpan ClockDifference = TimeSpan.FromHours(1);

    private readonly IHost _host;
    private readonly string _path;
    private readonly RecordOrigin _origin;
    private Task<HostFile>? _file;

    /// <summary>Names a file. Nothing is read yet.</summary>
    /// <param name="host">Its host.</param>
    /// <param name="path">Absolute path there.</param>
    /// <param name="service">Name for the service of its records; null for the one that they say.</param>
    public HostFileSource(IHost host, string path, string? service)
    {
        (_host, _path) = (host, path);
        _origin = new RecordOrigin($"{host.Name}:{path}", host.Name, service, RecordBuilder.ServiceOf(path));
    }

    /// <inheritdoc/>
    public string Name => _origin.Name;

    /// <summary>It is an older part of another log, and nothing more is written to it.</summary>
    public bool IsRotated { get; init; }

    /// <inheritdoc/>
    public async ValueTask<DateTime?> StartAsync(LogQuery query, CancellationToken cancellationToken)
    {
        var file = await LookAsync(cancellationToken);
        using var log = Open(file, query);
        return file.IsPacked ? null : log.First is { } first && query.Since is { } since && since > first ? since : log.First;
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<LogRecord> ReadAsync(LogQuery query, IOperationOutput output, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var file = await LookAsync(cancellationToken);
        if (query.Since is { } since && ((file.IsPacked && file.Written < since - ClockDifference) || (IsRotated && file.Written < since)))
        {
            yield break;
        }

        if (!query.Follow || query.Since is not null || query.Last is not null)
        {
            var records = file.IsPacked ? UnpackedAsync(file, query.Zone ?? file.Zone, output, cancellationToken)
                : query.Last is { } last && !query.HasContext && file.Format.IsSplittable ? FromEndAsync(file, query, last, cancellationToken)
                : PartAsync(file, query, cancellationToken);
            await foreach (var record in records)
            {
                yield return record;
            }
        }

        if (query.Follow && !file.IsPacked && !IsRotated)
        {
            await foreach (var record in FollowAsync(file, query.Zone ?? file.Zone, cancellationToken))
            {
                yield return record;
            }
        }
    }

    private LogFile Open(HostFile file, LogQuery query) => LogFile.Of(Name, file, file.Length, file.Written, query.Zone ?? file.Zone, file.Sample);

    private Task<HostFile> LookAsync(CancellationToken cancellationToken)
    {
        return _file ??= LookOnceAsync();

        async Task<HostFile> LookOnceAsync()
        {
            var file = new HostFile(_host, _path);
            await file.LookAsync(cancellationToken);
            return file;
        }
    }

    private async IAsyncEnumerable<LogRecord> PartAsync(HostFile file, LogQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var log = Open(file, query);
        var (start, end) = await Task.Run(() => TimeRange.Find(log, query), cancellationToken);
        await foreach (var batch in RangeAsync(file, log.Zone, start, end, cancellationToken))
        {
            foreach (var record in batch)
            {
                yield return record;
            }
        }
    }

    // The newest records are at the end: a longer and longer piece of it is read until it holds enough of them.
    private async IAsyncEnumerable<LogRecord> FromEndAsync(HostFile file, LogQuery query, int last, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var filter = new LogFilter(query);
        for (var size = FirstLook; ; size *= 8)
        {
            var start = Math.Max(0, file.Length - size);
            var found = new Queue<LogRecord>();
            var isBeforeRange = false;
            await foreach (var batch in RangeAsync(file, query.Zone ?? file.Zone, start, file.Length, cancellationToken))
            {
                foreach (var record in batch)
                {
                    isBeforeRange |= record.Time < query.Since - TimeSpan.FromMinutes(1);
                    if (filter.IsInRange(record) && filter.Accepts(record))
                    {
                        found.Enqueue(record);
                        if (found.Count > last)
                        {
                            found.Dequeue();
                        }
                    }
                }
            }

            if (found.Count >= last || start == 0 || isBeforeRange)
            {
                foreach (var record in found)
                {
                    yield return record;
                }

                yield break;
            }
        }
    }

    private async IAsyncEnumerable<List<LogRecord>> RangeAsync(HostFile file, TimeZoneInfo zone, long start, long end, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (start >= end)
        {
            yield break;
        }

        var records = new LineRecords(_origin, zone, file.Written);
        records.Use(file.Format);
        await using var command = await file.OpenRangeAsync(start, end - start, cancellationToken);
        var reader = new LineReader(command.Output);

        // In the middle of a file the first line is but the end of one, and may continue a record that began before it.
        var (isBehindStart, skipped, offset, number) = (start > 0, false, start, start == 0 ? 1L : (long?)null);
        while (await reader.ReadAsync(saysQuiet: false, cancellationToken) is { } lines)
        {
            foreach (var line in lines)
            {
                var isSkipped = isBehindStart && (!skipped || !file.Format.StartsRecord(Formats.LogFormat.LineAt(line, 0)));
                (isBehindStart, skipped) = (isBehindStart && isSkipped, true);
                if (!isSkipped)
                {
                    records.Add(line, number, offset);
                }

                offset += line.Length + 1;
                number++;
            }

            yield return records.Take(all: false);
        }

        var result = await command.EndAsync(cancellationToken);
        yield return records.Take(all: true);
        if (!result.Succeeded || result.StandardError.Length > 0)
        {
            throw file.Failed(result.Summary);
        }
    }

    private async IAsyncEnumerable<LogRecord> UnpackedAsync(HostFile file, TimeZoneInfo zone, IOperationOutput output, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var records = new LineRecords(_origin, zone, file.Written);
        await using var command = await file.OpenUnpackedAsync(cancellationToken);
        var reader = new LineReader(command.Output);
        var number = 0L;
        while (await reader.ReadAsync(saysQuiet: false, cancellationToken) is { } lines)
        {
            foreach (var line in lines)
            {
                records.Add(line, ++number);
            }

            foreach (var record in records.Take(all: false))
            {
                yield return record;
            }
        }

        foreach (var record in records.Take(all: true))
        {
            yield return record;
        }

        if (await command.EndAsync(cancellationToken) is { Succeeded: false } result)
        {
            output.Error(new OpsException(
                "Log.FileDamaged",
                OpsErrorKind.InvalidData,
                $"{Name} cannot be unpacked behind line {number}: {result.Summary}",
                "What was before that place has been read. Rotation that was interrupted leaves such a file; the unpacked original may still be there.",
                Name));
        }
    }

    private async IAsyncEnumerable<LogRecord> FollowAsync(HostFile file, TimeZoneInfo zone, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var records = new LineRecords(_origin, zone);
        if (file.Length > 0)
        {
            records.Use(file.Format);
        }

        await using var command = await file.OpenTailAsync(file.Length, cancellationToken);
        var reader = new LineReader(command.Output);
        while (await reader.ReadAsync(saysQuiet: true, cancellationToken) is { } lines)
        {
            foreach (var line in lines)
            {
                records.Add(line);
            }

            foreach (var record in records.Take(all: lines.Count == 0))
            {
                yield return record;
            }
        }

        // It never ends by itself.
        throw file.Failed((await command.EndAsync(cancellationToken)).Summary);
    }
}
