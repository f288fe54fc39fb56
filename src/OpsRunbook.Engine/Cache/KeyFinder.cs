namespace OpsRunbook.Engine.Cache;

/// <summary>Finds keys of a cache without disturbing its clients.</summary>
/// <param name="target">The cache.</param>
/// <param name="query">Which keys.</param>
/// <param name="output">Takes the keys or families, errors and warnings.</param>
public sealed class KeyFinder(CacheTarget target, KeyQuery query, IOperationOutput output)
{
    // Counting the elements of a key counts as a use of it. One that was just used looks no different afterwards.
    private static readonly TimeSpan RecentlyUsed = TimeSpan.FromMinutes(1);

    private readonly LargestKeys? _largest = query is { Largest: { } count, ByPrefix: false } ? new LargestKeys(count) : null;
    private readonly KeyFamilies _families = new(query.Delimiter, query.Pattern);
    private readonly Dictionary<KeyAttribute, OpsException> _refusals = [];
    private long _hidden;

    /// <summary>Finds them.</summary>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <returns>A task that ends with the last key.</returns>
    /// <exception cref="OpsException">The cache cannot be reached, or what the query needs may not be read.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using var servers = await target.OpenAllAsync(query.FromReplica, output, cancellationToken);
        if (servers.All.Count == 0)
        {
            // Every part of the cluster has been reported as missing.
            return;
        }

        var complete = servers.Complete;
        foreach (var server in servers.All)
        {
            complete &= await ScanAsync(server, cancellationToken);
        }

        if (query.ByPrefix)
        {
            await WriteFamiliesAsync(servers.All[0].Options.Database, complete, cancellationToken);
        }
        else if (_largest is not null)
        {
            await WriteLargestAsync(_largest, complete, cancellationToken);
        }

        foreach (var refusal in _refusals.Values)
        {
            output.Warning($"Not everything could be read. {refusal.Message}");
        }

        if (_hidden > 0)
        {
            output.Warning($"{_hidden} keys of {target.Name} are known by name only: the user has no right to look at them.");
        }
    }

    private KeyAttribute Needed =>
        (query.MinSize is not null || query.Largest is not null || query.ByPrefix ? KeyAttribute.Bytes : KeyAttribute.None)
        | (query.NoExpiry || query.ByPrefix ? KeyAttribute.TimeToLive : KeyAttribute.None)
        | (query.IdleFor is not null ? KeyAttribute.Idle : KeyAttribute.None);

    // What a list shows is asked at once; for the largest keys only what ranks and filters them.
    private KeyAttribute FirstAsked => _largest is null && !query.ByPrefix ? KeyAttribute.All : Needed;

    private async Task<bool> ScanAsync(CacheServer server, CancellationToken cancellationToken)
    {
        var pipeline = new RedisPipeline(server.Connection);
        var reader = new KeyReader(pipeline);
        var total = 0L;
        KeyScan? scan = null;
        try
        {
            var size = (await server.Connection.PipelineAsync([new RedisCommand("DBSIZE")], cancellationToken))[0];
            total = size.IsError ? 0 : size.Integer;
            await using var pace = await ScanPace.StartAsync(server, query.MaxImpact, cancellationToken);
            scan = new KeyScan(pipeline, pace, query.Pattern, query.Type, keys =>
            {
                output.Progress($"Looking at the keys of {target.Name}", Position(scan!, total), total > 0 ? (int)Math.Min(99, 100 * scan!.Visited / total) : null);
                if (keys.Count > 0)
                {
                    reader.Ask([.. keys.Select(key => new KeyFacts(key.Bytes))], FirstAsked, found => TakeAsync(server, reader, found, cancellationToken));
                }

                return ValueTask.CompletedTask;
            });
            scan.Start(cancellationToken);
            await pipeline.RunAsync(cancellationToken);
            output.Verbose($"{server.Node}: {scan.Found} keys of about {total}, slowest p99 {Duration.Format(pace.Worst)}, {Duration.Format(pace.Paused)} of pauses.");
            return true;
        }
        catch (OpsException error) when (scan is { Visited: > 0 } && error.Id is not ("Cache.NoPermission" or "Cache.IdleNotKept" or "Cache.CommandUnknown"))
        {
            output.Error(new OpsException(
                "Cache.ScanIncomplete", error.Kind, $"Only {Position(scan, total)} of {target.Name} on {server.Node} were looked at. {error.Message}", error.NextStep, target.Name, error));
            return false;
        }
        finally
        {
            _hidden += reader.Hidden;
            foreach (var (attribute, refusal) in reader.Refusals)
            {
                _refusals.TryAdd(attribute, refusal);
            }
        }
    }

    private static string Position(KeyScan scan, long total) => total > 0 ? $"{Math.Min(scan.Visited, total)} of about {total} keys" : $"about {scan.Visited} keys";

    private ValueTask TakeAsync(CacheServer server, KeyReader reader, IReadOnlyList<KeyFacts> keys, CancellationToken cancellationToken)
    {
        // Without the sizes nobody can tell the largest; a list simply leaves them out.
        foreach (var (attribute, refusal) in reader.Refusals)
        {
            if (Needed.HasFlag(attribute) && !query.ByPrefix)
            {
                throw refusal;
            }
        }

        if (query.ByPrefix)
        {
            foreach (var key in keys.Where(Fits))
            {
                _families.Add(key);
            }
        }
        else if (_largest is not null)
        {
            foreach (var key in keys)
            {
                if (key.Bytes is { } bytes && _largest.Wants(bytes) && Fits(key))
                {
                    _largest.Add(server, key);
                }
            }
        }
        else
        {
            return ListAsync(server, reader, keys.Where(Fits).ToList(), cancellationToken);
        }

        return ValueTask.CompletedTask;
    }

    private ValueTask ListAsync(CacheServer server, KeyReader reader, List<KeyFacts> keys, CancellationToken cancellationToken)
    {
        if (keys.Count > 0)
        {
            var counted = keys.Where(key => server.LeavesKeysUntouched || key.Idle < RecentlyUsed).ToList();
            reader.Count(counted, async _ =>
            {
                foreach (var key in keys)
                {
                    await output.WriteAsync(key.ToKey(server, complete: true), cancellationToken);
                }
            });
        }

        return ValueTask.CompletedTask;
    }

    private bool Fits(KeyFacts key) =>
        (query.MinSize is not { } size || key.Bytes >= size)
        && (query.IdleFor is not { } idle || key.Idle >= idle)
        && (!query.NoExpiry || key.NeverExpires);

    private async Task WriteLargestAsync(LargestKeys largest, bool complete, CancellationToken cancellationToken)
    {
        var found = largest.Take();
        foreach (var server in found.Select(item => item.Server).Distinct())
        {
            var pipeline = new RedisPipeline(server.Connection);
            var reader = new KeyReader(pipeline);
            reader.Ask([.. found.Where(item => item.Server == server).Select(item => item.Key)], KeyAttribute.All & ~KeyAttribute.Bytes, keys =>
            {
                reader.Count(keys, _ => ValueTask.CompletedTask);
                return ValueTask.CompletedTask;
            });
            try
            {
                await pipeline.RunAsync(cancellationToken);
            }
            catch (OpsException) when (!complete)
            {
                // It has been said that the connection is gone; the sizes are known all the same.
            }
        }

        foreach (var (server, key) in found.Where(item => !item.Key.IsGone))
        {
            await output.WriteAsync(key.ToKey(server, complete), cancellationToken);
        }
    }

    private async Task WriteFamiliesAsync(int database, bool complete, CancellationToken cancellationToken)
    {
        var sized = !_refusals.ContainsKey(KeyAttribute.Bytes);
        var families = _families.Take();
        var total = families.Sum(item => item.Family.Bytes);
        foreach (var (pattern, family) in families.Take(query.Largest ?? int.MaxValue))
        {
            await output.WriteAsync(
                new CacheKeyGroup
                {
                    Prefix = pattern,
                    Keys = family.Keys,
                    Bytes = sized ? family.Bytes : null,
                    Percent = sized && total > 0 ? 100.0 * family.Bytes / total : null,
                    NoExpiry = _refusals.ContainsKey(KeyAttribute.TimeToLive) ? null : family.NoExpiry,
                    LargestKey = family.Largest is { } largest ? KeyText.Of(largest.Span, out _) : null,
                    LargestBytes = family.Largest is null ? null : family.LargestBytes,
                    Database = database,
                    Cache = target.Name,
                    Complete = complete,
                },
                cancellationToken);
        }
    }
}
