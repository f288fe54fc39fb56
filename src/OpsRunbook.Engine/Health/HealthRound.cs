using System.Runtime.CompilerServices;
using System.Threading.Channels;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Health;

/// <summary>
/// Checks members once, all at the same time. Whatever a check does, it ends at its timeout and disturbs
/// no other one.
/// </summary>
public sealed class HealthRound
{
    // What obeys its token at the timeout still gets a moment to say why it had to wait.
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(250);

    private readonly StackSession _session;
    private readonly IReadOnlyList<HealthMember> _members;
    private readonly Dictionary<string, int> _places = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _hosts = new(StringComparer.Ordinal);
    private readonly TimeSpan? _timeout;
    private readonly int _concurrency;

    /// <summary>Prepares a round.</summary>
    /// <param name="session">The stack in use.</param>
    /// <param name="members">The members to check, and those that they depend on.</param>
    /// <param name="concurrency">So many checks run at a time.</param>
    /// <param name="timeout">Longest time of any one check; null for each check's own.</param>
    public HealthRound(StackSession session, IReadOnlyList<HealthMember> members, int concurrency = 256, TimeSpan? timeout = null)
    {
        ArgumentNullException.ThrowIfNull(members);
        _session = session;
        _members = members;
        _timeout = timeout;
        _concurrency = concurrency;
        for (var i = 0; i < members.Count; i++)
        {
            // A host may have the name of the service that it is for; 'dependsOn' means the service.
            if (members[i].Kind == MemberKind.Host)
            {
                _hosts.TryAdd(members[i].Name, i);
            }
            else if (MemberKinds.CanBeDependedOn(members[i].Kind))
            {
                _places.TryAdd(members[i].Name, i);
            }
        }
    }

    /// <summary>Runs the checks.</summary>
    /// <param name="wanted">Which members are reported; the others only explain them.</param>
    /// <param name="cancellationToken">Ends the round.</param>
    /// <returns>The members as they finish; one that is not healthy once it is known what caused it.</returns>
    public async IAsyncEnumerable<ServiceHealth> RunAsync(
        Func<HealthMember, bool> wanted,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var slots = new SemaphoreSlim(_concurrency);
        var results = _members.Select(member => CheckAsync(member, slots, end.Token)).ToArray();
        var finished = Channel.CreateUnbounded<ServiceHealth>(new UnboundedChannelOptions { SingleReader = true });
        var reporting = Task.WhenAll(Enumerable.Range(0, _members.Count)
            .Where(place => wanted(_members[place]))
            .Select(place => ReportAsync(place, results, finished.Writer)));
        _ = reporting.ContinueWith(
            task => finished.Writer.TryComplete(task.Exception?.InnerException),
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
        try
        {
            await foreach (var health in finished.Reader.ReadAllAsync(cancellationToken))
            {
                yield return health;
            }
        }
        finally
        {
            // Members that nobody waits for any more, and all of them when the reader leaves early.
            await end.CancelAsync();
            await Task.WhenAll(results).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private static ServiceHealth Explained(ServiceHealth health, string? cause) => cause is null ? health : new ServiceHealth
    {
        Status = health.Status,
        Name = health.Name,
        Kind = health.Kind,
        Host = health.Host,
        Stack = health.Stack,
        Message = health.Message,
        CausedBy = cause,
        Latency = health.Latency,
        Checks = health.Checks,
        CheckedAt = health.CheckedAt,
    };

    private static string Summary(CheckResult[] checks, HealthStatus worst)
    {
        if (worst == HealthStatus.Healthy)
        {
            return checks[^1].Message;
        }

        var message = Array.Find(checks, check => check.Status == worst)!.Message;
        var others = checks.Count(check => check.Status != HealthStatus.Healthy) - 1;
        return others > 0 ? $"{message} (and {others} more)" : message;
    }

    private async Task ReportAsync(int place, Task<ServiceHealth>[] results, ChannelWriter<ServiceHealth> writer)
    {
        var health = await results[place];
        if (health.Status != HealthStatus.Healthy)
        {
            var dependencies = Dependencies(place);
            await Task.WhenAll(dependencies.Select(dependency => results[dependency]));

            // All of these have ended.
            health = Explained(health, Cause(place, dependency => results[dependency].GetAwaiter().GetResult(), []).Name);
        }

        await writer.WriteAsync(health);
    }

    private HashSet<int> Dependencies(int place)
    {
        var found = new HashSet<int>();
        var open = new Queue<int>([place]);
        while (open.TryDequeue(out var next))
        {
            foreach (var dependency in Direct(next).Where(found.Add))
            {
                open.Enqueue(dependency);
            }
        }

        return found;
    }

    private IEnumerable<int> Direct(int place)
    {
        var member = _members[place];
        foreach (var name in member.DependsOn)
        {
            if (_places.TryGetValue(name, out var dependency))
            {
                yield return dependency;
            }
        }

        if (member.Kind != MemberKind.Host && _hosts.TryGetValue(member.Host, out var host))
        {
            yield return host;
        }
    }

    // The end of the longest chain of members that are not healthy, if it is critical.
    private (string? Name, int Depth) Cause(int place, Func<int, ServiceHealth> health, HashSet<int> path)
    {
        path.Add(place);
        var cause = ((string?)null, 0);
        foreach (var dependency in Direct(place).Where(dependency => !path.Contains(dependency)))
        {
            var state = health(dependency);
            if (state.Status == HealthStatus.Healthy || (state.Kind == MemberKind.Host && !IsUnreachable(state, health(place))))
            {
                continue;
            }

            var (name, depth) = Cause(dependency, health, path);
            if (name is null && (state.Status == HealthStatus.Critical || state.Kind == MemberKind.Host))
            {
                name = state.Name;
            }

            if (name is not null && depth + 1 > cause.Item2)
            {
                cause = (name, depth + 1);
            }
        }

        path.Remove(place);
        return cause;
    }

    // A full disk need not be why a service on that host is down; that nobody reaches the host is why nothing is known of it.
    private static bool IsUnreachable(ServiceHealth host, ServiceHealth member) => FailedAtHost(host) && FailedAtHost(member);

    private static bool FailedAtHost(ServiceHealth health) =>
        health.Checks.Any(check => check.Reason?.StartsWith("Host.", StringComparison.Ordinal) == true);

    private async Task<ServiceHealth> CheckAsync(HealthMember member, SemaphoreSlim slots, CancellationToken cancellationToken)
    {
        var groups = await Task.WhenAll(member.Checks.Select(check => CheckAsync(check, slots, cancellationToken)));
        var checks = groups.SelectMany(group => group.Results).ToArray();
        var worst = HealthStatuses.Worst(checks.Select(check => check.Status));
        return new ServiceHealth
        {
            Status = worst,
            Name = member.Name,
            Kind = member.Kind,
            Host = member.Host,
            Stack = _session.Stack.Name,
            Message = groups is [{ Message: { } message }] ? message : Summary(checks, worst),
            Latency = checks.Max(check => check.Latency),
            Checks = checks,
            CheckedAt = checks.Max(check => check.CheckedAt),
        };
    }

    private async Task<(IReadOnlyList<CheckResult> Results, string? Message)> CheckAsync(IHealthCheck check, SemaphoreSlim slots, CancellationToken cancellationToken)
    {
        await slots.WaitAsync(cancellationToken);
        try
        {
            var timeout = _timeout < check.Timeout ? _timeout.Value : check.Timeout;
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(timeout);

            // On a thread of its own: a check that blocks instead of waiting must not hold up the others.
            var running = Task.Run(() => ResultsAsync(check, limit.Token), CancellationToken.None);
            try
            {
                return await running.WaitAsync(timeout + Grace, cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                // Said here once more: this place may be reached before the linked token hears of it, and leaving
                // cuts the link. The moment is for closing connections.
                await limit.CancelAsync();
                await Task.WhenAny(running, Task.Delay(Grace, CancellationToken.None));
                Abandon(running);
                throw;
            }
            catch (Exception error) when (limit.IsCancellationRequested && error is TimeoutException or OperationCanceledException)
            {
                Abandon(running);
                return Single(CheckResults.Unknown(check.Name, "Check.Timeout", $"{check.Name} did not end within its timeout of {Duration.Format(timeout)}"));
            }
            catch (OpsException error)
            {
                return Single(CheckResults.From(check.Name, error));
            }
            catch (Exception error)
            {
                return Single(CheckResults.Unknown(check.Name, "Check.Failed", $"{check.Name} itself failed with {error.GetType().Name}: {CheckResults.Short(error.Message)}"));
            }
        }
        finally
        {
            slots.Release();
        }
    }

    private async Task<(IReadOnlyList<CheckResult> Results, string? Message)> ResultsAsync(IHealthCheck check, CancellationToken cancellationToken) =>
        check is IHealthCheckGroup group
            ? await group.RunAllAsync(_session, cancellationToken)
            : Single(await check.RunAsync(_session, cancellationToken));

    private static (IReadOnlyList<CheckResult> Results, string? Message) Single(CheckResult result) => ([result], null);

    private static void Abandon(Task running) => _ = running.ContinueWith(
        task => _ = task.Exception,
        CancellationToken.None,
        TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
        TaskScheduler.Default);
}
