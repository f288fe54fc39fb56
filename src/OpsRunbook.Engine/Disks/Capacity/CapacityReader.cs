using OpsRunbook.Engine.Cache;
using OpsRunbook.Engine.Databases;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Monitoring;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Engine.State;

namespace OpsRunbook.Engine.Disks.Capacity;

/// <summary>Says when disks, inodes, databases and the memory of caches of a stack run out.</summary>
/// <param name="session">The stack in use.</param>
/// <param name="names">Picks hosts, file systems, databases and caches by name.</param>
/// <param name="kinds">Only these; none for all.</param>
/// <param name="history">How far the look goes back.</param>
/// <param name="output">Takes the forecasts, and an error for what cannot be asked.</param>
public sealed class CapacityReader(StackSession session, NameFilter names, IReadOnlyCollection<CapacityKind> kinds, TimeSpan history, IOperationOutput output)
{
    // About two hundred values, which is what the fit uses.
    private const int Values = 200;

    private readonly List<(CapacityForecast Forecast, IReadOnlyList<(DateTime Time, double Value)> Values, Threshold? Limits)> _panels = [];
    private readonly CapacitySamples _samples = new(session.State);
    private readonly DateTime _now = DateTime.UtcNow;
    private bool _isPartial;

    /// <summary>Writes the forecasts of the last run as a picture.</summary>
    /// <param name="file">Full path of the SVG file; one that is there is replaced.</param>
    /// <param name="cancellationToken">Ends the writing.</param>
    /// <returns>A task that ends with the file.</returns>
    /// <exception cref="OpsException"><c>Capacity.FileNotWritten</c>.</exception>
    public async Task WriteAsync(string file, CancellationToken cancellationToken)
    {
        try
        {
            await File.WriteAllTextAsync(file, CapacityChart.Draw(_panels), cancellationToken);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new OpsException("Capacity.FileNotWritten", OpsErrorKind.OperationFailed, $"{file} cannot be written: {error.Message}", "Name another file with -Svg.", file, error);
        }
    }

    /// <summary>Looks ahead.</summary>
    /// <param name="hosts">Hosts whose disks are meant.</param>
    /// <param name="cancellationToken">Ends the look.</param>
    /// <returns>A task that ends with the last forecast.</returns>
    public async Task RunAsync(IReadOnlyList<IHost> hosts, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(hosts);
        foreach (var (kind, metric) in new[] { (CapacityKind.Disk, "disk"), (CapacityKind.Inodes, "inodes") }.Where(pair => IsWanted(pair.Item1)))
        {
            if (!await FromPrometheusAsync(kind, Query(metric), "mountpoint", cancellationToken))
            {
                foreach (var host in hosts)
                {
                    await AttemptAsync(() => DisksAsync(kind, host, cancellationToken));
                }
            }
        }

        foreach (var database in IsWanted(CapacityKind.Database) && session.Stack.Databases.Count > 0 ? DatabaseMember.Select(session, [], null, null, output) : [])
        {
            var label = (database.Definition.Database ?? string.Empty).Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);
            if (!await FromPrometheusAsync(CapacityKind.Database, $"pg_database_size_bytes{{datname=\"{label}\"}}", "datname", cancellationToken, database.Name))
            {
                await AttemptAsync(() => DatabaseAsync(database, cancellationToken));
            }
        }

        if (IsWanted(CapacityKind.CacheMemory) && session.Stack.Caches.Count > 0 && !await FromPrometheusAsync(CapacityKind.CacheMemory, Query("cacheMemory"), "instance", cancellationToken))
        {
            foreach (var cache in CacheTarget.Select(session, [], null, null, output))
            {
                await AttemptAsync(() => CacheAsync(cache, cancellationToken));
            }
        }

        // What could not be asked may have what was named.
        foreach (var error in _isPartial ? [] : names.Unused("Capacity.NotFound", "host, file system, database or cache"))
        {
            output.Error(error);
        }
    }

    private bool IsWanted(CapacityKind kind) => kinds.Count == 0 || kinds.Contains(kind);

    private string? Query(string metric) => WatchedMetric.Of(session.Stack).FirstOrDefault(watched => watched.Name.Equals(metric, StringComparison.OrdinalIgnoreCase))?.Query;

    private async Task AttemptAsync(Func<Task> look)
    {
        try
        {
            await look();
        }
        catch (OpsException error)
        {
            _isPartial = true;
            output.Error(error);
        }
    }

    // False where there is no Prometheus, or it knows nothing of the kind: then the module's own samples have to do.
    private async Task<bool> FromPrometheusAsync(CapacityKind kind, string? query, string label, CancellationToken cancellationToken, string? name = null)
    {
        if (query is null || session.Stack.Monitoring?.Prometheus is null)
        {
            return false;
        }

        var series = new Dictionary<(string Host, string Target), List<(DateTime Time, double Value)>>();
        try
        {
            var step = TimeSpan.FromSeconds(Math.Max(60, Math.Ceiling(history.TotalSeconds / Values)));
            await foreach (var sample in new PrometheusClient(MonitoringServer.Prometheus(session)).RangeAsync(query, _now - history, _now, step, cancellationToken))
            {
                var key = (sample.Labels.GetValueOrDefault("instance", string.Empty), name ?? sample.Labels.GetValueOrDefault(label, string.Empty));
                (series.TryGetValue(key, out var known) ? known : series[key] = []).Add((sample.Time, sample.Value));
            }
        }
        catch (OpsException error)
        {
            output.Warning($"Prometheus could not be asked for {kind}, so the samples of this module are used. {error.Message}");
            return false;
        }

        foreach (var ((host, target), values) in series.OrderBy(pair => pair.Key.Host, StringComparer.Ordinal).ThenBy(pair => pair.Key.Target, StringComparer.Ordinal))
        {
            await EmitAsync(new CapacitySeries(kind, host, target, "prometheus", values.OrderBy(value => value.Time).ToList()), cancellationToken);
        }

        return series.Count > 0;
    }

    private async Task DisksAsync(CapacityKind kind, IHost host, CancellationToken cancellationToken)
    {
        // What is in memory ends with the machine and grows differently.
        foreach (var mount in (await host.GetMountsAsync(cancellationToken)).Where(mount => mount is { Problem: null, TotalBytes: > 0, FileSystem: not "tmpfs" }))
        {
            if (kind == CapacityKind.Disk || mount.TotalInodes > 0)
            {
                await SampleAsync(kind, host.Name, mount.Path, kind == CapacityKind.Disk ? mount.UsedPercent : mount.UsedInodesPercent, cancellationToken);
            }
        }
    }

    private async Task DatabaseAsync(DatabaseMember database, CancellationToken cancellationToken)
    {
        var taken = new CapturedOutput(output);
        await new StatusReader(database, taken).RunAsync(cancellationToken);
        Report(taken);
        foreach (var status in taken.Items.OfType<DbStatus>())
        {
            await (status.Size is { } size
                ? SampleAsync(CapacityKind.Database, database.HostName, database.Name, size, cancellationToken)
                : UnknownAsync(CapacityKind.Database, database.HostName, database.Name, status.Message, cancellationToken));
        }
    }

    private async Task CacheAsync(CacheTarget cache, CancellationToken cancellationToken)
    {
        var taken = new CapturedOutput(output);
        await new CacheStatusReader(cache, TimeSpan.FromMilliseconds(1), taken).RunAsync(cancellationToken);
        Report(taken);
        foreach (var status in taken.Items.OfType<CacheStatus>())
        {
            await (status.MemoryPercent is { } percent
                ? SampleAsync(CapacityKind.CacheMemory, cache.HostName, cache.Name, percent, cancellationToken)
                : UnknownAsync(CapacityKind.CacheMemory, cache.HostName, cache.Name, status.UsedMemory is null ? status.Message : "it has no maximum (maxmemory), so it takes what the machine has", cancellationToken));
        }
    }

    private void Report(CapturedOutput taken)
    {
        foreach (var error in taken.Errors)
        {
            _isPartial = true;
            output.Error(error);
        }
    }

    private async Task UnknownAsync(CapacityKind kind, string host, string target, string message, CancellationToken cancellationToken)
    {
        if (names.Includes([target, host]))
        {
            await output.WriteAsync(new CapacityForecast { Status = HealthStatus.Unknown, Kind = kind, Host = host, Target = target, Message = message }, cancellationToken);
        }
    }

    private async Task SampleAsync(CapacityKind kind, string host, string target, double value, CancellationToken cancellationToken)
    {
        if (!names.Includes([target, host]))
        {
            return;
        }

        IReadOnlyList<(DateTime Time, double Value)> values;
        try
        {
            values = await _samples.AddAsync(session.Stack.Name, kind, host, target, value, _now, cancellationToken);
        }
        catch (OpsException error) when (error.Id == "State.NotWritten")
        {
            // The forecast is not wrong for it; only tomorrow's has one value less.
            output.Warning($"The value of {kind} {target} could not be kept. {error.Message}");
            values = [(_now, value)];
        }

        await EmitAsync(new CapacitySeries(kind, host, target, "samples", values.Where(sample => sample.Time >= _now - history).ToList()), cancellationToken);
    }

    private async Task EmitAsync(CapacitySeries series, CancellationToken cancellationToken)
    {
        if (!names.Includes([series.Target, series.Host]))
        {
            return;
        }

        var limits = series.Kind switch
        {
            CapacityKind.Disk => session.Stack.Thresholds.Disk,
            CapacityKind.Inodes => session.Stack.Thresholds.Inodes,
            CapacityKind.CacheMemory => session.Stack.Thresholds.CacheMemory,
            _ => null,
        };
        var forecast = CapacityForecaster.Of(series, limits, _now);
        _panels.Add((forecast, series.Values, limits));
        await output.WriteAsync(forecast, cancellationToken);
    }
}
