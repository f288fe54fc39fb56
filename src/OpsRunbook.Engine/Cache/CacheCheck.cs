using System.Diagnostics;
using OpsRunbook.Engine.Endpoints;
using OpsRunbook.Engine.Health;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Cache;

/// <summary>Asks a cache whether it answers, and how close it is to its limits.</summary>
/// <param name="name">Name of the check in its result.</param>
/// <param name="cache">Where the server is.</param>
/// <param name="thresholds">Limits of the stack.</param>
public sealed class CacheCheck(string name, StackCache cache, StackThresholds thresholds) : IHealthCheck
{
    private readonly string _target = EndpointErrors.HostPort(cache.Server ?? "localhost", cache.Port ?? 6379);

    private readonly TimeSpan _limit = cache.Timeout ?? TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public TimeSpan Timeout => _limit + CheckFailure.Backstop;

    /// <inheritdoc/>
    public async Task<CheckResult> RunAsync(StackSession session, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        try
        {
            var host = session.Host(cache.Host);
            var options = await RedisOptions.OfAsync(cache, session, cancellationToken);
            return await Deadline.RunAsync(
                _limit,
                token => AskAsync(host, options, token),
                () => RedisErrors.FromEndpoint(EndpointErrors.Timeout(_target, _limit, "answer")),
                cancellationToken);
        }
        catch (OpsException error)
        {
            return Result(CheckFailure.Status(error), error.Message, error.Id);
        }
    }

    private async Task<CheckResult> AskAsync(Hosts.IHost host, RedisOptions options, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        RedisConnection connection;
        var unprotected = false;
        try
        {
            connection = await RedisConnection.OpenAsync(host, options, cancellationToken);
        }
        catch (OpsException error) when (error.Id == "Cache.NoPasswordSet")
        {
            unprotected = true;
            connection = await RedisConnection.OpenAsync(host, options with { User = null, Password = null }, cancellationToken);
        }

        await using (connection)
        {
            var replies = await connection.PipelineAsync(
                [
                    new RedisCommand("PING"),
                    new RedisCommand("INFO", "memory"),
                    new RedisCommand("INFO", "replication"),
                    new RedisCommand("INFO", "persistence"),
                ],
                cancellationToken);
            var latency = Stopwatch.GetElapsedTime(start);
            var ping = replies[0];
            if (ping.IsError && !ping.Text.StartsWith("LOADING", StringComparison.Ordinal))
            {
                throw RedisErrors.FromReply(ping, "PING", _target);
            }

            replies = [.. replies.Skip(1)];
            if (replies.FirstOrDefault(reply => reply.IsError) is { } refused)
            {
                var cause = RedisErrors.FromReply(refused, "INFO", _target);
                return Result(CheckFailure.Status(cause), $"It answers a ping, but its memory is not known: {cause.Message}", cause.Id, latency);
            }

            var info = new RedisInfo(replies.Select(reply => reply.Text));
            var result = Judge(info, latency);
            return unprotected && result.Status == HealthStatus.Healthy
                ? Result(HealthStatus.Warning, $"The server has no password, but one is configured; {result.Message}", "Cache.NoPasswordSet", latency, result.Measurements)
                : result;
        }
    }

    private CheckResult Judge(RedisInfo info, TimeSpan latency)
    {
        if (CacheFindings.Loading(info) is { } loading)
        {
            return Result(loading.Status, loading.Message, loading.Reason, latency);
        }

        if (CacheFindings.Memory(info, thresholds.CacheMemory) is not { } memory)
        {
            return Result(HealthStatus.Unknown, "It answers a ping, but says nothing about its memory.", "Cache.ProtocolError", latency);
        }

        var role = info.Text("role") == "slave" ? $" Replica of {info.Text("master_host")}:{info.Text("master_port")}." : string.Empty;
        return Link(info, Result(memory.Status, memory.Message + role, memory.Reason, latency, memory.Measurements));
    }

    private CheckResult Link(RedisInfo info, CheckResult result) =>
        info.Text("master_link_status") == "down" && result.Status != HealthStatus.Critical
            ? Result(HealthStatus.Warning, $"It has lost its master; {result.Message}", "Cache.MasterDown", result.Latency, result.Measurements)
            : result;

    private CheckResult Result(
        HealthStatus status,
        string message,
        string? reason,
        TimeSpan? latency = null,
        IReadOnlyList<Measurement>? measurements = null) => new()
        {
            Name = name,
            Status = status,
            Message = message,
            Reason = reason,
            Target = _target,
            Latency = latency,
            Measurements = measurements ?? [],
        };
}
