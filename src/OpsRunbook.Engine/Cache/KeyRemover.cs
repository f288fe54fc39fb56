using System.Diagnostics;
using System.Globalization;
using OpsRunbook.Engine.Safety;

namespace OpsRunbook.Engine.Cache;

/// <summary>Removes keys of a cache: counts them first, asks, and says exactly what went.</summary>
/// <param name="target">The cache.</param>
/// <param name="request">Which keys.</param>
/// <param name="changes">The road for changes.</param>
/// <param name="output">Takes the result, errors and progress.</param>
public sealed class KeyRemover(CacheTarget target, KeyRemovalRequest request, ChangeRunner changes, IOperationOutput output)
{
    // So many keys are looked at, and then removed, at a time. The server serves nobody else until it is done with them.
    private const int ChunkSize = 200;

    private readonly ProtectedKeys _protected = new(target.Cache.Protect, request.Exclude);
    private readonly HashSet<ReadOnlyMemory<byte>> _changed = new(KeyBytesComparer.Instance);
    private readonly Dictionary<CacheServer, KeyStore> _counted = [];
    private bool _protectedToo;
    private long _kept;

    /// <summary>Counted keys are remembered in so many bytes; where that is too little, they are looked for again.</summary>
    internal int MemoryForKeys { get; init; } = 8 << 20;

    private string What => request.Pattern is { } pattern ? Display.Text(pattern) : $"{request.Keys.Count} {(request.Keys.Count == 1 ? "key" : "keys")}";

    /// <summary>Removes them.</summary>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>A task that ends with the work.</returns>
    /// <exception cref="OpsException"><c>Guard.ProtectedKey</c>, <c>Cache.ReadOnlyReplica</c>, or the cache cannot be reached or refuses.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using var servers = await target.OpenAllAsync(fromReplica: false, output, cancellationToken);
        foreach (var server in servers.All)
        {
            server.RequireMaster();
        }

        var database = servers.All.Count > 0 ? servers.All[0].Options.Database : 0;
        var preview = new KeyPreview();
        foreach (var server in servers.All)
        {
            var counted = _counted[server] = new KeyStore(request.Pattern is null ? 0 : MemoryForKeys);
            await ForEachChunkAsync(server, "Counting keys", (pipeline, keys) => Preview(preview, counted, pipeline, keys), cancellationToken);
        }

        if (preview.Keys == 0)
        {
            await WriteAsync(new RemovalResult(Removal(database, servers.Complete, [], preview, TimeSpan.Zero), null), cancellationToken);
            return;
        }

        changes.Require(
            "ProtectedKey",
            preview.Protected == 0,
            $"{preview.Protected} of the {preview.Keys} keys that '{What}' fits in '{target.Name}' are protected by the stack ({_protected.Patterns}), '{preview.ProtectedExample}' among them.",
            "Choose a narrower pattern, or leave the protected keys out with -Exclude.",
            target.Name);

        // Getting past the guard with protected keys among them takes force.
        _protectedToo = preview.Protected > 0;
        var change = new Change("Remove keys", $"{What} in database {database} of {target.Name}", target.HostName)
        {
            Before = new Dictionary<string, string?> { ["count"] = preview.Keys.ToString(CultureInfo.InvariantCulture), ["bytes"] = preview.EstimatedBytes?.ToString(CultureInfo.InvariantCulture) },
        };
        if (changes.IsWhatIf)
        {
            await changes.PlanAsync("Remove", change.Target, target.HostName, $"UNLINK {preview}", cancellationToken);
            return;
        }

        if (await changes.ConfirmAsync(change with { Action = $"Remove {preview}" }, cancellationToken))
        {
            var result = await changes.RunAsync(change, token => RemoveAsync(servers, database, preview, token), done => done.ToChange(), cancellationToken);
            await WriteAsync(result, cancellationToken);
        }
    }

    private IEnumerable<ReviewedKey> Reviewed =>
        request.Keys.DistinctBy(key => key.Key, KeyBytesComparer.Instance).Where(key => !_protected.IsExcluded(key.Key.Span));

    private bool Preview(KeyPreview preview, KeyStore counted, RedisPipeline pipeline, IReadOnlyList<ReadOnlyMemory<byte>> keys)
    {
        foreach (var key in keys)
        {
            preview.Add(key.Span, _protected.IsProtected(key.Span));
            counted.Add(key.Span);
        }

        if (preview.WantsSizes)
        {
            new KeyReader(pipeline).Ask([.. keys.Select(key => new KeyFacts(key))], KeyAttribute.Bytes, sized =>
            {
                preview.AddSizes(sized);
                return ValueTask.CompletedTask;
            });
        }

        return true;
    }

    private async Task<RemovalResult> RemoveAsync(CacheServers servers, int database, KeyPreview preview, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        var unlinkers = new List<KeyUnlinker>();
        Exception? failure = null;
        _kept = 0;
        try
        {
            foreach (var server in servers.All)
            {
                var unlinker = new KeyUnlinker(server.IsCluster);
                unlinkers.Add(unlinker);
                await (request.Pattern is null || _counted[server].Overflowed
                    ? ForEachChunkAsync(server, "Removing keys", (pipeline, keys) => Unlink(unlinker, pipeline, keys), cancellationToken)
                    : ForEachCountedAsync(server, unlinker, preview.Keys, cancellationToken));
                failure ??= unlinker.Refusal;
            }
        }
        catch (Exception error) when (error is OpsException or OperationCanceledException)
        {
            // What was done until then must be said, also after Ctrl+C.
            failure = error;
        }

        var removal = Removal(database, servers.Complete && failure is null, unlinkers, preview, Stopwatch.GetElapsedTime(start));
        return new RemovalResult(removal, failure);
    }

    private bool Unlink(KeyUnlinker unlinker, RedisPipeline pipeline, IReadOnlyList<ReadOnlyMemory<byte>> keys)
    {
        // A protected key may have been written after the preview.
        var going = _protectedToo || !_protected.Any ? keys : keys.Where(key => !_protected.IsProtected(key.Span)).ToList();
        _kept += keys.Count - going.Count;
        unlinker.Add(pipeline, going);
        return unlinker.Refusal is null;
    }

    private CacheRemoval Removal(int database, bool complete, IReadOnlyCollection<KeyUnlinker> unlinkers, KeyPreview preview, TimeSpan duration)
    {
        var (removed, missing, unknown) = (unlinkers.Sum(one => one.Removed), unlinkers.Sum(one => one.Missing), unlinkers.Sum(one => one.Unanswered));
        return new CacheRemoval
        {
            Complete = complete && unknown == 0 && _kept == 0,
            Target = What,
            Removed = removed,
            Missing = request.Pattern is null && complete ? Reviewed.Count() - removed - _kept : missing,
            Kept = _kept,
            Unknown = unknown,
            EstimatedBytes = preview.EstimatedBytes,
            Duration = duration,
            Database = database,
            Cache = target.Name,
        };
    }

    private async Task WriteAsync(RemovalResult result, CancellationToken cancellationToken)
    {
        if (result.Failure is OperationCanceledException cancelled)
        {
            throw cancelled;
        }

        await output.WriteAsync(result.Removal, cancellationToken);
        if (result.Failure is OpsException failure)
        {
            var unknown = result.Removal.Unknown > 0
                ? $", and of {result.Removal.Unknown} more it is not known, because the answer was lost"
                : string.Empty;
            output.Error(new OpsException(
                "Cache.RemovalIncomplete",
                failure.Kind,
                $"Only {result.Removal.Removed} keys of '{target.Name}' were removed{unknown}. {failure.Message}",
                failure.NextStep ?? "Run the command again; it counts anew what is left.",
                target.Name,
                failure));
        }
    }

    private async Task ForEachChunkAsync(
        CacheServer server,
        string activity,
        Func<RedisPipeline, IReadOnlyList<ReadOnlyMemory<byte>>, bool> take,
        CancellationToken cancellationToken)
    {
        var pipeline = new RedisPipeline(server.Connection);
        if (request.Pattern is null)
        {
            ForReviewed(pipeline, take);
            await pipeline.RunAsync(cancellationToken);
            return;
        }

        var size = (await server.Connection.PipelineAsync([new RedisCommand("DBSIZE")], cancellationToken))[0].Integer;
        await using var pace = await ScanPace.StartAsync(server, request.MaxImpact, cancellationToken);
        KeyScan? scan = null;
        scan = new KeyScan(pipeline, pace, request.Pattern, null, found =>
        {
            output.Progress($"{activity} of {target.Name}", $"{scan!.Found} keys so far", size > 0 ? (int)Math.Min(99, 100 * scan.Visited / size) : null);
            var keys = new List<ReadOnlyMemory<byte>>(found.Count);
            foreach (var key in found)
            {
                if (!_protected.IsExcluded(key.Bytes.Span))
                {
                    keys.Add(key.Bytes);
                }
            }

            if (keys.Count > 0 && !take(pipeline, keys))
            {
                scan.Stop();
            }

            return ValueTask.CompletedTask;
        });
        scan.Start(cancellationToken);
        await pipeline.RunAsync(cancellationToken);
        output.Verbose($"{activity} on {server.Node}: {scan.Found}, slowest p99 {Duration.Format(pace.Worst)}, {Duration.Format(pace.Paused)} of pauses.");
    }

    private async Task ForEachCountedAsync(CacheServer server, KeyUnlinker unlinker, long total, CancellationToken cancellationToken)
    {
        var pipeline = new RedisPipeline(server.Connection);
        await using var pace = await ScanPace.StartAsync(server, request.MaxImpact, cancellationToken);
        using var chunks = _counted[server].Chunks(ChunkSize).GetEnumerator();

        // Two are on their way at any time: the server has work while the replies to the first come back.
        Next();
        Next();
        await pipeline.RunAsync(cancellationToken);
        output.Verbose($"Removing keys on {server.Node}: {unlinker.Removed}, slowest p99 {Duration.Format(pace.Worst)}, {Duration.Format(pace.Paused)} of pauses.");

        void Next()
        {
            if (chunks.MoveNext() && Unlink(unlinker, pipeline, chunks.Current))
            {
                pipeline.Add([], async _ =>
                {
                    output.Progress($"Removing keys of {target.Name}", $"{unlinker.Removed} of {total} keys", (int)Math.Min(99, 100 * unlinker.Removed / total));
                    await pace.NextAsync(cancellationToken);
                    Next();
                });
            }
        }
    }

    // Keys that were reviewed: only those that are still what they were then.
    private void ForReviewed(RedisPipeline pipeline, Func<RedisPipeline, IReadOnlyList<ReadOnlyMemory<byte>>, bool> take)
    {
        foreach (var chunk in Reviewed.Chunk(ChunkSize))
        {
            var reader = new KeyReader(pipeline);
            var types = chunk.ToDictionary(key => key.Key, key => key.Type, KeyBytesComparer.Instance);
            reader.Ask([.. types.Keys.Select(key => new KeyFacts(key))], KeyAttribute.Type, found =>
            {
                var same = new List<ReadOnlyMemory<byte>>(found.Count);
                foreach (var key in found)
                {
                    if (types[key.Key] is { } reviewed && key.Type is not null && key.Type != reviewed)
                    {
                        _kept++;
                        if (!_changed.Add(key.Key))
                        {
                            continue;
                        }

                        output.Error(new OpsException(
                            "Cache.KeyChanged",
                            OpsErrorKind.Refused,
                            $"The key '{KeyText.Shown(key.Key.Span)}' of {target.Name} was a {reviewed} when it was reviewed and is a {key.Type} now; it stays.",
                            "Look at it again with Get-CacheKey.",
                            target.Name));
                        continue;
                    }

                    same.Add(key.Key);
                }

                if (same.Count > 0)
                {
                    take(pipeline, same);
                }

                return ValueTask.CompletedTask;
            });
        }
    }
}
