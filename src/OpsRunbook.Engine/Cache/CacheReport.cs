using System.Globalization;

namespace OpsRunbook.Engine.Cache;

/// <summary>Judges what a server said about itself.</summary>
internal sealed class CacheReport
{
    // Holes and swap are of no account in little memory.
    private const long NoteworthyMemory = 64L << 20;
    private const double MuchFragmentation = 1.5;

    private static readonly Threshold ClientLimits = new(80, 95);

    private readonly CacheTarget _target;
    private readonly CacheServer _server;
    private readonly RedisInfo? _first;
    private readonly RedisInfo? _now;
    private readonly TimeSpan _over;
    private readonly TimeSpan _latency;
    private readonly RedisReply _doctor;
    private readonly RedisReply _save;
    private readonly RedisReply _cluster;
    private readonly List<CheckResult> _checks = [];

    /// <summary>Prepares the report.</summary>
    /// <param name="target">The cache.</param>
    /// <param name="server">The server.</param>
    /// <param name="first">What it said at the beginning; null when it may not be asked.</param>
    /// <param name="now">What it said at the end; null when it may not be asked.</param>
    /// <param name="over">The time between.</param>
    /// <param name="latency">Time of a ping.</param>
    /// <param name="others">Replies to <c>MEMORY DOCTOR</c>, <c>CONFIG GET save</c> and <c>CLUSTER INFO</c>.</param>
    public CacheReport(CacheTarget target, CacheServer server, RedisInfo? first, RedisInfo? now, TimeSpan over, TimeSpan latency, IReadOnlyList<RedisReply> others)
    {
        (_target, _server, _first, _now, _over, _latency) = (target, server, first, now, over, latency);
        (_doctor, _save, _cluster) = (others[0], others[1], others[2]);
    }

    /// <summary>The status with all findings.</summary>
    public CacheStatus ToStatus()
    {
        var doctor = Doctor();
        if (_now is not { } info)
        {
            Add("info", HealthStatus.Unknown, "The user may not run INFO: memory, hits, clients and replication are not known.", "Cache.NoPermission");
            CheckDoctor(doctor);
            return Status(new RedisInfo(), doctor);
        }

        Add(CacheFindings.Loading(info));
        Add(CacheFindings.Memory(info, _target.Thresholds.CacheMemory));
        CheckPolicy(info);
        CheckReads(info);
        CheckFragmentation(info);
        CheckPersistence(info);
        CheckClients(info);
        CheckReplication(info);
        CheckCluster();
        CheckDoctor(doctor);
        return Status(info, doctor);
    }

    private CacheStatus Status(RedisInfo info, string? doctor)
    {
        var worst = HealthStatuses.Worst(_checks.Select(check => check.Status));
        var keyspace = info.Numbered("db").Select(database => RedisInfo.Fields(database.Value)).ToList();
        var known = info.Text("used_memory") is not null;
        var (hits, misses) = (info.Number("keyspace_hits") ?? 0, info.Number("keyspace_misses") ?? 0);
        return new CacheStatus
        {
            Status = worst,
            Cache = _target.Name,
            Node = _server.Node,
            Message = _checks.Find(check => check.Status == worst)?.Message ?? string.Empty,
            Checks = _checks,
            Version = info.Text("redis_version"),
            Role = info.Text("role") is { } role ? role == "slave" ? "replica" : role : null,
            Latency = _latency,
            Uptime = info.Number("uptime_in_seconds") is { } uptime ? TimeSpan.FromSeconds(uptime) : null,
            UsedMemory = info.Number("used_memory"),
            MaxMemory = info.Number("maxmemory"),
            MemoryPercent = info.Number("maxmemory") is > 0 and var maximum ? 100.0 * info.Number("used_memory") / maximum : null,
            Fragmentation = info.Fraction("mem_fragmentation_ratio"),
            Policy = info.Text("maxmemory_policy"),
            Keys = known ? keyspace.Sum(database => Field(database, "keys")) : null,
            ExpiringKeys = known ? keyspace.Sum(database => Field(database, "expires")) : null,
            HitPercent = HitPercent(Delta("keyspace_hits") ?? 0, Delta("keyspace_misses") ?? 0),
            HitPercentSinceStart = HitPercent(hits, misses),
            EvictionsPerSecond = PerSecond(Delta("evicted_keys")),
            Evictions = info.Number("evicted_keys"),

            // The first INFO counts itself only after it has answered.
            CommandsPerSecond = PerSecond(Delta("total_commands_processed") is { } commands ? Math.Max(0, commands - 1) : null),
            Clients = (int?)info.Number("connected_clients"),
            BlockedClients = (int?)info.Number("blocked_clients"),
            Persistence = known ? Persistence(info) : null,
            LastSave = info.Number("rdb_last_save_time") is { } saved ? DateTimeOffset.FromUnixTimeSeconds(saved).UtcDateTime : null,
            UnsavedChanges = info.Number("rdb_changes_since_last_save"),
            Replicas = (int?)info.Number("connected_slaves"),
            Master = info.Text("master_host") is { } master ? $"{master}:{info.Text("master_port")}" : null,
            Doctor = doctor,
        };
    }

    private void CheckPolicy(RedisInfo info)
    {
        if (info.Text("maxmemory_policy") is not { } policy)
        {
            return;
        }

        var (reach, harmful) = EvictionPolicy.Describe(policy, _target.Cache.Protect);
        var evicts = harmful && info.Number("maxmemory") > 0;
        Add("policy", evicts ? HealthStatus.Warning : HealthStatus.Healthy, $"{policy}: {reach}", evicts ? "Cache.EvictsProtected" : null);
        if (Delta("evicted_keys") is > 0 and var evicted)
        {
            var rate = evicted / _over.TotalSeconds;
            Add("evictions", HealthStatus.Warning, $"It evicts {rate.ToString("0.#", CultureInfo.InvariantCulture)} keys per second.", "Cache.Evicting", new Measurement("evictions", rate, string.Empty, Minimum: 0));
        }
    }

    private void CheckReads(RedisInfo info)
    {
        var (hits, misses) = (Delta("keyspace_hits") ?? 0, Delta("keyspace_misses") ?? 0);
        var percent = HitPercent(hits, misses);
        var sinceStart = HitPercent(info.Number("keyspace_hits") ?? 0, info.Number("keyspace_misses") ?? 0);
        var before = sinceStart is { } value ? $"{Percent(value)} since the start" : "nothing since the start either";
        Add(
            "hits",
            HealthStatus.Healthy,
            percent is { } now ? $"{Percent(now)} of {hits + misses} reads found their key in {Duration.Format(_over)} ({before})." : $"Nothing was read in {Duration.Format(_over)} ({before}).",
            null,
            percent is { } reading ? [new Measurement("hits", reading, "%", Minimum: 0, Maximum: 100)] : []);
    }

    private void CheckFragmentation(RedisInfo info)
    {
        if (info.Fraction("mem_fragmentation_ratio") is not { } ratio || info.Number("used_memory") is not >= NoteworthyMemory)
        {
            return;
        }

        var text = ratio.ToString("0.##", CultureInfo.InvariantCulture);
        var reading = new Measurement("fragmentation", ratio, string.Empty, MuchFragmentation);
        if (ratio < 1)
        {
            Add("fragmentation", HealthStatus.Warning, $"The machine holds only {text} of its memory: the rest is swapped out, and what lies there is slow.", "Cache.Swapped", reading);
        }
        else
        {
            Add("fragmentation", reading.Status, $"It takes {text} times the memory that it uses.", ratio >= MuchFragmentation ? "Cache.Fragmented" : null, reading);
        }
    }

    private void CheckPersistence(RedisInfo info)
    {
        if (info.Text("rdb_last_bgsave_status") == "err" || info.Text("aof_last_write_status") == "err" || info.Text("aof_last_bgrewrite_status") == "err")
        {
            Add("persistence", HealthStatus.Critical, "It could not save its data the last time it tried; until it can, it may refuse writes.", "Cache.SaveFailed");
            return;
        }

        var kept = Persistence(info);
        var keeps = kept != "none";
        var losing = !keeps && _target.Cache.Protect.Count > 0;
        Add(
            "persistence",
            losing ? HealthStatus.Warning : HealthStatus.Healthy,
            kept is null ? "Whether it saves its data is not known: CONFIG GET is refused."
                : keeps ? $"Kept by {kept}; {info.Number("rdb_changes_since_last_save")} changes since the last snapshot."
                : $"Nothing is saved: a restart empties it{(losing ? $", protected keys ({string.Join(", ", _target.Cache.Protect)}) included" : string.Empty)}.",
            losing ? "Cache.NotPersisted" : null);
    }

    private void CheckClients(RedisInfo info)
    {
        if (info.Number("connected_clients") is not { } clients)
        {
            return;
        }

        var blocked = info.Number("blocked_clients") is > 0 and var waiting ? $", {waiting} of them blocked" : string.Empty;
        var maximum = info.Number("maxclients") ?? 0;
        if (maximum == 0)
        {
            Add("clients", HealthStatus.Healthy, $"{clients} clients{blocked}.", null, new Measurement("clients", clients, string.Empty, Minimum: 0));
            return;
        }

        var reading = new Measurement("clients", clients, string.Empty, ClientLimits.Warning * maximum / 100, ClientLimits.Critical * maximum / 100, 0, maximum);
        var rejected = Delta("rejected_connections") is > 0 and var refused ? $" {refused} connections were refused meanwhile." : string.Empty;
        var status = rejected.Length > 0 ? HealthStatus.Critical : reading.Status;
        Add("clients", status, $"{clients} of {maximum} clients{blocked}.{rejected}", status == HealthStatus.Healthy ? null : "Cache.TooManyClients", reading);
    }

    private void CheckReplication(RedisInfo info)
    {
        if (info.Text("role") == "slave")
        {
            var down = info.Text("master_link_status") == "down";
            Add(
                "replication",
                down ? HealthStatus.Warning : HealthStatus.Healthy,
                $"Replica of {info.Text("master_host")}:{info.Text("master_port")}, {(down ? "whose connection is down" : $"last heard of {info.Text("master_last_io_seconds_ago")} s ago")}.",
                down ? "Cache.MasterDown" : null);
            return;
        }

        var replicas = info.Numbered("slave").Select(replica => RedisInfo.Fields(replica.Value)).ToList();
        var behind = replicas.Where(replica => replica.GetValueOrDefault("state") != "online").ToList();
        Add(
            "replication",
            behind.Count > 0 ? HealthStatus.Warning : HealthStatus.Healthy,
            behind.Count > 0 ? $"{behind.Count} of {replicas.Count} replicas are not in step ({behind[0].GetValueOrDefault("ip")}:{behind[0].GetValueOrDefault("port")} is {behind[0].GetValueOrDefault("state")})."
                : $"Master with {replicas.Count} {(replicas.Count == 1 ? "replica" : "replicas")}.",
            behind.Count > 0 ? "Cache.ReplicaBehind" : null);
    }

    private void CheckCluster()
    {
        if (_server.IsCluster && !_cluster.IsError)
        {
            var cluster = new RedisInfo(_cluster.Text);
            var ok = cluster.Text("cluster_state") == "ok";
            Add(
                "cluster",
                ok ? HealthStatus.Healthy : HealthStatus.Critical,
                ok ? $"The cluster serves all slots on {cluster.Text("cluster_size")} masters." : $"The cluster is down: {cluster.Text("cluster_slots_fail")} slots have failed, {cluster.Text("cluster_slots_assigned")} of 16384 are assigned.",
                ok ? null : "Cache.ClusterDown");
        }
    }

    private void CheckDoctor(string? doctor)
    {
        if (doctor is not null)
        {
            Add("doctor", HealthStatus.Warning, Display.Text(doctor), "Cache.Doctor");
        }
    }

    private string? Doctor() => _doctor.IsError || _doctor.Text.Contains("can't find any memory issue", StringComparison.Ordinal) || _doctor.Text.Contains("using very little memory", StringComparison.Ordinal)
        ? null
        : _doctor.Text.Trim();

    private string? Persistence(RedisInfo info)
    {
        var appends = info.Number("aof_enabled") == 1;
        return _save.Items is [_, var schedule]
            ? (schedule.Bytes.Length > 0, appends) switch
            {
                (true, true) => "snapshots and append-only file",
                (true, false) => "snapshots",
                (false, true) => "append-only file",
                _ => "none",
            }
            : appends ? "append-only file" : null;
    }

    private void Add(string name, HealthStatus status, string message, string? reason, params Measurement[] measurements) =>
        Add(new CheckResult { Name = name, Status = status, Message = message, Reason = reason, Measurements = measurements });

    private void Add(CheckResult? finding)
    {
        if (finding is not null)
        {
            _checks.Add(new CheckResult
            {
                Name = finding.Name,
                Status = finding.Status,
                Message = finding.Message,
                Reason = finding.Reason,
                Target = _server.Node,
                Measurements = finding.Measurements,
            });
        }
    }

    // Null when the counter is not known, or has begun anew because the server restarted meanwhile.
    private long? Delta(string counter) => _now?.Number(counter) - _first?.Number(counter) is >= 0 and var delta ? delta : null;

    private double? PerSecond(long? count) => count / _over.TotalSeconds;

    private static double? HitPercent(long hits, long misses) => hits + misses > 0 ? 100.0 * hits / (hits + misses) : null;

    private static string Percent(double value) => value.ToString("0.#", CultureInfo.InvariantCulture) + "%";

    private static long Field(Dictionary<string, string> fields, string name) =>
        long.TryParse(fields.GetValueOrDefault(name), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : 0;
}
