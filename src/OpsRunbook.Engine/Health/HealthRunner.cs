using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Health;

/// <summary>Checks the health of a stack: once, until it is healthy, or again and again.</summary>
public sealed class HealthRunner
{
    private readonly StackSession _session;
    private readonly HealthRequest _request;
    private readonly IOperationOutput _output;
    private readonly TimeProvider _time;

    /// <summary>Prepares the run.</summary>
    /// <param name="session">The stack in use.</param>
    /// <param name="request">What is asked.</param>
    /// <param name="output">Takes a <see cref="ServiceHealth"/> for each member as it is ready, and errors for names that match nothing.</param>
    /// <param name="time">Measures pauses; null for the system's monotonic clock.</param>
    public HealthRunner(StackSession session, HealthRequest request, IOperationOutput output, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(request);
        _session = session;
        _request = request;
        _output = output;
        _time = time ?? TimeProvider.System;
    }

    /// <summary>Runs to the end, or until the watch's time is over.</summary>
    /// <param name="cancellationToken">Ends it at once.</param>
    /// <returns>A task that ends with the run.</returns>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var wanted = Select(HealthCheckFactory.Create(_session.Stack, _request.Timeout));
        if (wanted.Count == 0)
        {
            return;
        }

        if (_request.Watch)
        {
            await WatchAsync(wanted, cancellationToken);
        }
        else if (_request.RetryFor is { } retryFor)
        {
            await RetryAsync(wanted, retryFor, cancellationToken);
        }
        else
        {
            await RoundAsync(wanted, health => _output.WriteAsync(health, cancellationToken), cancellationToken);
        }
    }

    // What an operator would call the same finding is not reported again.
    private static string Findings(ServiceHealth health) => string.Join(
        '\n',
        health.Checks.Select(check => $"{check.Name}:{check.Status}:{check.Reason}").Prepend($"{health.Status}:{health.CausedBy}"));

    private HashSet<(MemberKind Kind, string Name)> Select(IReadOnlyList<HealthMember> members)
    {
        var ofKind = members.Where(member => _request.Kinds.Count == 0 || _request.Kinds.Contains(member.Kind)).ToList();
        if (_request.Names.Count == 0)
        {
            return ofKind.Select(member => (member.Kind, member.Name)).ToHashSet();
        }

        var selected = new HashSet<(MemberKind, string)>();
        foreach (var name in _request.Names)
        {
            var found = ofKind.FindAll(member => NameFilter.Fits(name, member.Name));
            if (found.Count == 0)
            {
                _output.Error(NoMember(name, ofKind, members));
            }

            selected.UnionWith(found.Select(member => (member.Kind, member.Name)));
        }

        return selected;
    }

    private OpsException NoMember(string name, List<HealthMember> ofKind, IReadOnlyList<HealthMember> members)
    {
        var nearest = Nearest.Find(name, ofKind.Select(member => member.Name));
        var other = members.FirstOrDefault(member => NameFilter.Fits(name, member.Name));
        var names = string.Join(", ", ofKind.Select(member => member.Name).Distinct(StringComparer.Ordinal).Take(20));
        return new OpsException(
            "Health.MemberNotFound",
            OpsErrorKind.NotFound,
            $"The stack '{_session.Stack.Name}' has no member '{name}'{(other is not null ? $" of the kind asked for; there is a {other.Kind} '{other.Name}'" : string.Empty)}.",
            nearest is not null ? $"Did you mean '{nearest}'?" : $"It has: {names}.",
            name);
    }

    private async Task RetryAsync(HashSet<(MemberKind, string)> wanted, TimeSpan retryFor, CancellationToken cancellationToken)
    {
        var start = _time.GetTimestamp();
        while (true)
        {
            var last = new List<ServiceHealth>();
            await RoundAsync(
                wanted,
                async health =>
                {
                    if (health.Status != HealthStatus.Healthy)
                    {
                        last.Add(health);
                        return;
                    }

                    wanted.Remove((health.Kind, health.Name));
                    await _output.WriteAsync(health, cancellationToken);
                },
                cancellationToken);
            var left = retryFor - _time.GetElapsedTime(start);
            if (last.Count == 0 || left <= TimeSpan.Zero)
            {
                foreach (var health in last)
                {
                    await _output.WriteAsync(health, cancellationToken);
                }

                return;
            }

            _output.Progress("Waiting for health", $"{last.Count} not healthy, first {last[0].Name}; {Duration.Format(left)} left", null);
            await Task.Delay(Shorter(_request.RetryEvery, left), _time, cancellationToken);
        }
    }

    private async Task WatchAsync(HashSet<(MemberKind, string)> wanted, CancellationToken cancellationToken)
    {
        var start = _time.GetTimestamp();
        var known = new Dictionary<(MemberKind, string), string>();
        while (true)
        {
            var begun = _time.GetTimestamp();
            await RoundAsync(
                wanted,
                async health =>
                {
                    var findings = Findings(health);
                    if (known.GetValueOrDefault((health.Kind, health.Name)) != findings)
                    {
                        known[(health.Kind, health.Name)] = findings;
                        await _output.WriteAsync(health, cancellationToken);
                    }
                },
                cancellationToken);
            var left = _request.For - _time.GetElapsedTime(start);
            if (left <= TimeSpan.Zero)
            {
                return;
            }

            // A round that took longer than the interval is followed by the next one after a short rest.
            var pause = _request.Every - _time.GetElapsedTime(begun);
            pause = pause > TimeSpan.Zero ? pause : TimeSpan.FromSeconds(1);
            await Task.Delay(left is { } rest ? Shorter(pause, rest) : pause, _time, cancellationToken);
        }
    }

    private async Task RoundAsync(
        HashSet<(MemberKind Kind, string Name)> wanted,
        Func<ServiceHealth, ValueTask> report,
        CancellationToken cancellationToken)
    {
        // Checks hold the answers of one round, so every round has its own; what is asked for may shrink meanwhile.
        var names = wanted.ToHashSet();
        var members = WithDependencies(names);
        var round = new HealthRound(_session, members, _request.Concurrency, _request.Timeout);
        var done = 0;
        await foreach (var health in round.RunAsync(member => names.Contains((member.Kind, member.Name)), cancellationToken))
        {
            done++;
            _output.Progress("Checking health", $"{done} of {names.Count}", 100 * done / names.Count);
            await report(health);
        }
    }

    private List<HealthMember> WithDependencies(HashSet<(MemberKind Kind, string Name)> wanted)
    {
        var all = HealthCheckFactory.Create(_session.Stack, _request.Timeout);
        var needed = all.Where(member => wanted.Contains((member.Kind, member.Name))).ToHashSet();
        var open = new Queue<HealthMember>(needed);
        while (open.TryDequeue(out var member))
        {
            foreach (var dependency in all.Where(other => IsDependency(member, other)).Where(needed.Add))
            {
                open.Enqueue(dependency);
            }
        }

        // Only these may be asked for, so the checks are made anew: units are asked for in batches.
        return needed.Count == all.Count
            ? [.. all]
            : [.. HealthCheckFactory.Create(_session.Stack, _request.Timeout, (kind, name) => needed.Any(member => member.Kind == kind && member.Name == name))];
    }

    private static bool IsDependency(HealthMember member, HealthMember other) =>
        (MemberKinds.CanBeDependedOn(other.Kind) && member.DependsOn.Contains(other.Name, StringComparer.Ordinal))
        || (other.Kind == MemberKind.Host && other.Name != Hosts.LocalHost.LocalName && other.Name == member.Host && member.Kind != MemberKind.Host);

    private static TimeSpan Shorter(TimeSpan first, TimeSpan second) => first < second ? first : second;
}
