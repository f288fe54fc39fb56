using System.Globalization;
using OpsRunbook.Engine.Safety;

namespace OpsRunbook.Engine.Cache;

/// <summary>Sets memory limit and eviction policy of a cache, and keeps the way back.</summary>
/// <param name="target">The cache.</param>
/// <param name="request">What is to be set.</param>
/// <param name="changes">The road for changes.</param>
/// <param name="output">Takes a <see cref="CachePolicyChange"/> for each server.</param>
public sealed class PolicySetter(CacheTarget target, PolicyRequest request, ChangeRunner changes, IOperationOutput output)
{
    /// <summary>Sets them.</summary>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>A task that ends with the last server.</returns>
    /// <exception cref="OpsException"><c>Guard.MemoryBelowUse</c>, or the cache cannot be reached or does not allow it.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using var servers = await target.OpenAllAsync(fromReplica: false, output, cancellationToken);
        foreach (var server in servers.All)
        {
            await SetAsync(server, cancellationToken);
        }
    }

    private async Task SetAsync(CacheServer server, CancellationToken cancellationToken)
    {
        var old = new Setting(await GetAsync(server, "maxmemory-policy", cancellationToken), long.Parse(await GetAsync(server, "maxmemory", cancellationToken), CultureInfo.InvariantCulture));
        var wanted = new Setting(request.Policy ?? old.Policy, request.MaxMemory ?? old.MaxMemory);
        var memory = (await server.Connection.PipelineAsync([new RedisCommand("INFO", "memory")], cancellationToken))[0];
        var used = memory.IsError ? null : new RedisInfo(memory.Text).Number("used_memory");
        changes.Require(
            "MemoryBelowUse",
            wanted.MaxMemory == 0 || wanted.MaxMemory == old.MaxMemory || used is null || used <= wanted.MaxMemory,
            $"{server.Node} uses {ByteSize.Format(used ?? 0)}, more than {ByteSize.Format(wanted.MaxMemory)}: with '{wanted.Policy}' it would {(wanted.Policy == EvictionPolicy.None ? "refuse writes" : "evict keys")} at once.",
            "Choose a higher limit, or remove keys first.",
            target.Name);
        Warn(server, wanted);

        var change = new Change("Set eviction policy", $"{target.Name} ({server.Node})", target.HostName) { Before = old.ToValues() };
        if (changes.IsWhatIf)
        {
            await changes.PlanAsync(
                "Set policy", change.Target, target.HostName, $"{old} → {wanted}; {(request.Persist ? "CONFIG SET and CONFIG REWRITE" : "CONFIG SET, lost at the next start of the server")}", cancellationToken);
            return;
        }

        if (!await changes.ConfirmAsync(change with { Action = $"Set {wanted} (now {old})" }, cancellationToken))
        {
            return;
        }

        var kept = await changes.RunAsync(
            change,
            token => ApplyAsync(server, old, wanted, token),
            error => new ChangeResult(JournalOutcome.Succeeded, error?.Message) { After = wanted.ToValues() },
            cancellationToken);
        await output.WriteAsync(
            new CachePolicyChange
            {
                Policy = wanted.Policy,
                OldPolicy = old.Policy,
                MaxMemory = wanted.MaxMemory,
                OldMaxMemory = old.MaxMemory,
                SurvivesRestart = request.Persist && kept is null,
                Undo = $"Set-CachePolicy '{target.Name}' -Policy {old.Policy} -MaxMemory {old.MaxMemory}{(request.Persist ? " -Persist" : string.Empty)}",
                Cache = target.Name,
                Node = server.Node,
            },
            cancellationToken);
        if (kept is not null)
        {
            output.Error(kept);
        }
    }

    private void Warn(CacheServer server, Setting wanted)
    {
        if (wanted.MaxMemory == 0 && wanted.Policy != EvictionPolicy.None)
        {
            output.Warning($"{server.Node} has no memory limit (maxmemory is 0), so '{wanted.Policy}' does nothing. Give one with -MaxMemory.");
        }

        var (reach, harmful) = EvictionPolicy.Describe(wanted.Policy, target.Cache.Protect);
        if (harmful)
        {
            output.Warning($"{wanted.Policy}: {reach}");
        }

        if (!request.Persist)
        {
            output.Warning($"The setting is lost when {server.Node} restarts. -Persist writes it to the server's configuration file.");
        }

        if (server.Info.Number("connected_slaves") > 0)
        {
            output.Warning($"The replicas of {server.Node} keep settings of their own; they count after a failover.");
        }
    }

    // Null, or why the setting was not written to the configuration file.
    private async Task<OpsException?> ApplyAsync(CacheServer server, Setting old, Setting wanted, CancellationToken cancellationToken)
    {
        await SetAsync(server, "maxmemory-policy", wanted.Policy, cancellationToken);
        try
        {
            await SetAsync(server, "maxmemory", wanted.MaxMemory.ToString(CultureInfo.InvariantCulture), cancellationToken);
        }
        catch (OpsException error) when (error.Kind is not (OpsErrorKind.Connection or OpsErrorKind.Timeout))
        {
            // Half of it is not what was asked for.
            await SetAsync(server, "maxmemory-policy", old.Policy, cancellationToken);
            throw;
        }

        if (!request.Persist)
        {
            return null;
        }

        try
        {
            await server.Connection.ExecuteAsync(new RedisCommand("CONFIG", "REWRITE"), cancellationToken);
            return null;
        }
        catch (OpsException error)
        {
            return new OpsException(
                "Cache.NotPersisted",
                error.Kind,
                $"The setting of {server.Node} is in effect, but could not be written to its configuration file: {error.Message}",
                "Write it there by hand, or it is lost at the next start of the server.",
                target.Name,
                error);
        }
    }

    private static Task<RedisReply> SetAsync(CacheServer server, string name, string value, CancellationToken cancellationToken) =>
        server.Connection.ExecuteAsync(new RedisCommand("CONFIG", "SET", name, value), cancellationToken);

    private static async Task<string> GetAsync(CacheServer server, string name, CancellationToken cancellationToken)
    {
        var reply = await server.Connection.ExecuteAsync(new RedisCommand("CONFIG", "GET", name), cancellationToken);
        return reply.Items is [_, var value] ? value.Text : throw RedisErrors.Protocol(server.Node, new InvalidDataException($"it does not say its {name}"));
    }

    private sealed record Setting(string Policy, long MaxMemory)
    {
        public Dictionary<string, string?> ToValues() => new(StringComparer.Ordinal)
        {
            ["maxmemory-policy"] = Policy,
            ["maxmemory"] = MaxMemory.ToString(CultureInfo.InvariantCulture),
        };

        public override string ToString() => $"{Policy}, {(MaxMemory == 0 ? "no memory limit" : $"at most {ByteSize.Format(MaxMemory)}")}";
    }
}
