using System.Diagnostics;
using System.Globalization;
using OpsRunbook.Engine.Safety;

namespace OpsRunbook.Engine.Cache;

/// <summary>Empties a database or a whole server, after it has said what lives there.</summary>
/// <param name="target">The cache.</param>
/// <param name="request">What is to be emptied.</param>
/// <param name="changes">The road for changes.</param>
/// <param name="output">Takes the result, errors and progress.</param>
public sealed class CacheFlusher(CacheTarget target, CacheFlushRequest request, ChangeRunner changes, IOperationOutput output)
{
    private readonly ProtectedKeys _protected = new(target.Cache.Protect, []);
    private long _protectedKeys;

    private string Command => request.AllDatabases ? "FLUSHALL" : "FLUSHDB";

    /// <summary>Empties it.</summary>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>A task that ends with the work.</returns>
    /// <exception cref="OpsException"><c>Cache.NameNotTyped</c>, <c>Guard.ProtectedKey</c>, <c>Cache.ReadOnlyReplica</c>, or the cache cannot be reached or refuses.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (request.AllDatabases && !string.Equals(request.TypedName, target.Name, StringComparison.Ordinal))
        {
            throw new OpsException(
                "Cache.NameNotTyped",
                OpsErrorKind.Refused,
                $"Emptying every database of '{target.Name}' ends every session and queue that any application keeps there.",
                $"If that is meant, type the name of the cache: -ConfirmName '{target.Name}'.",
                target.Name);
        }

        await using var servers = await target.OpenAllAsync(fromReplica: false, output, cancellationToken);
        if (!servers.Complete)
        {
            throw new OpsException(
                "Cache.ClusterIncomplete", OpsErrorKind.Refused, $"A part of the cluster '{target.Name}' cannot be reached, so it can neither be looked at nor be emptied.", "Bring the missing nodes back first.", target.Name);
        }

        foreach (var server in servers.All)
        {
            server.RequireMaster();
        }

        var database = servers.All[0].Options.Database;
        var what = request.AllDatabases ? "all databases" : $"database {database}";
        var (keys, content) = await ContentAsync(servers, cancellationToken);
        changes.Require(
            "ProtectedKey",
            _protectedKeys == 0,
            $"{_protectedKeys} of the {keys} keys in {what} of '{target.Name}' are protected by the stack ({_protected.Patterns}).",
            "Remove the rest with Remove-CacheKey -Pattern '*' -Exclude.",
            target.Name);

        var change = new Change($"Empty {what}", $"{what} of {target.Name}", target.HostName)
        {
            Before = new Dictionary<string, string?> { ["count"] = keys.ToString(CultureInfo.InvariantCulture), ["content"] = content },
        };
        if (changes.IsWhatIf)
        {
            await changes.PlanAsync("Empty", change.Target, target.HostName, $"{Command} ASYNC; {keys} keys: {content}", cancellationToken);
            return;
        }

        if (await changes.ConfirmAsync(change with { Action = $"Remove every key of {what}, {keys} keys: {content}" }, cancellationToken))
        {
            var result = await changes.RunAsync(change, token => FlushAsync(servers, request.AllDatabases ? null : database, what, token), done => done.ToChange(), cancellationToken);
            await output.WriteAsync(result.Removal, cancellationToken);
            if (result.Failure is not null)
            {
                throw result.Failure;
            }
        }
    }

    private async Task<(long Keys, string Content)> ContentAsync(CacheServers servers, CancellationToken cancellationToken)
    {
        var described = new List<string>();
        var keys = 0L;
        var numbers = request.AllDatabases ? await DatabasesAsync(servers.All[0], cancellationToken) : [servers.All[0].Options.Database];
        foreach (var number in numbers)
        {
            var families = new KeyFamilies(":");
            foreach (var server in servers.All)
            {
                await ScanAsync(server, number, families, cancellationToken);
            }

            keys += families.Keys;
            if (families.Keys > 0)
            {
                described.Add(request.AllDatabases ? $"database {number} has {families.Describe()}" : families.Describe());
            }
        }

        return (keys, described.Count == 0 ? "nothing" : string.Join("; ", described));
    }

    // Every key is looked at: whether a protected one is among them must not be left to a sample.
    private async Task ScanAsync(CacheServer server, int database, KeyFamilies families, CancellationToken cancellationToken)
    {
        if (database != server.Options.Database || request.AllDatabases)
        {
            await server.Connection.ExecuteAsync(new RedisCommand("SELECT", database), cancellationToken);
        }

        var size = (await server.Connection.PipelineAsync([new RedisCommand("DBSIZE")], cancellationToken))[0].Integer;
        var pipeline = new RedisPipeline(server.Connection);
        await using var pace = await ScanPace.StartAsync(server, request.MaxImpact, cancellationToken);
        KeyScan? scan = null;
        scan = new KeyScan(pipeline, pace, null, null, found =>
        {
            output.Progress($"Looking at what is in {target.Name}", $"database {database}", size > 0 ? (int)Math.Min(99, 100 * scan!.Visited / size) : null);
            foreach (var key in found)
            {
                families.Add(new KeyFacts(key.Bytes));
                _protectedKeys += _protected.IsProtected(key.Bytes.Span) ? 1 : 0;
            }

            return ValueTask.CompletedTask;
        });
        scan.Start(cancellationToken);
        await pipeline.RunAsync(cancellationToken);
    }

    private static async Task<int[]> DatabasesAsync(CacheServer server, CancellationToken cancellationToken)
    {
        var keyspace = await server.Connection.ExecuteAsync(new RedisCommand("INFO", "keyspace"), cancellationToken);
        return [.. new RedisInfo(keyspace.Text).Numbered("db").Select(database => database.Number)];
    }

    private async Task<RemovalResult> FlushAsync(CacheServers servers, int? database, string what, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        var (removed, unknown) = (0L, 0L);
        Exception? failure = null;
        foreach (var server in servers.All)
        {
            try
            {
                // Counted and emptied one right after the other. A reply that is lost is not asked for again.
                var before = request.AllDatabases
                    ? new RedisInfo((await server.Connection.ExecuteAsync(new RedisCommand("INFO", "keyspace"), cancellationToken)).Text)
                        .Numbered("db").Sum(one => long.TryParse(RedisInfo.Fields(one.Value).GetValueOrDefault("keys"), out var keys) ? keys : 0)
                    : (await server.Connection.ExecuteAsync(new RedisCommand("DBSIZE"), cancellationToken)).Integer;
                unknown += before;
                await server.Connection.ExecuteAsync(new RedisCommand(Command, "ASYNC"), cancellationToken);
                (removed, unknown) = (removed + before, unknown - before);
            }
            catch (Exception error) when (error is OpsException or OperationCanceledException)
            {
                failure = error;
                if (error is OpsException { Kind: not (OpsErrorKind.Connection or OpsErrorKind.Timeout) })
                {
                    // It said no, and that is known.
                    unknown = 0;
                }

                break;
            }
        }

        var removal = new CacheRemoval
        {
            Complete = failure is null,
            Target = what,
            Removed = removed,
            Unknown = unknown,
            Duration = Stopwatch.GetElapsedTime(start),
            Database = database,
            Cache = target.Name,
        };
        return new RemovalResult(removal, failure);
    }
}
