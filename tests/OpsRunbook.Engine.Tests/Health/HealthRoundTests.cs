using System.Collections.Concurrent;
using System.Diagnostics;
using OpsRunbook.Engine.Health;
using OpsRunbook.Engine.Stacks;
using static OpsRunbook.Engine.Tests.Health.TestCheck;

namespace OpsRunbook.Engine.Tests.Health;

public sealed class HealthRoundTests
{
    private static readonly TimeSpan Hang = TimeSpan.FromMinutes(5);

    [Fact]
    public async Task All_checks_run_at_once()
    {
        var members = Enumerable.Range(0, 200).Select(i => Member($"m{i}", Of(HealthStatus.Healthy, TimeSpan.FromMilliseconds(i == 0 ? 1000 : 100)))).ToList();
        var start = Stopwatch.GetTimestamp();

        var results = await RunAsync(members);

        // One after another they would take 20 s.
        Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(5), $"{Stopwatch.GetElapsedTime(start)}");
        Assert.Equal(200, results.Count);
    }

    [Fact]
    public async Task No_more_than_the_bound_run_at_a_time()
    {
        var running = 0;
        var most = 0;
        var members = Enumerable.Range(0, 40).Select(i => Member($"m{i}", new TestCheck(async token =>
        {
            var now = Interlocked.Increment(ref running);
            InterlockedMaximum(ref most, now);
            await Task.Delay(20, token);
            Interlocked.Decrement(ref running);
            return Result(HealthStatus.Healthy);
        }))).ToList();

        await RunAsync(members, concurrency: 7);

        Assert.Equal(7, most);
    }

    [Fact]
    public async Task A_check_that_ignores_its_timeout_is_left_behind()
    {
        var blocking = new TestCheck(
            _ =>
            {
                Thread.Sleep(TimeSpan.FromSeconds(20));
                return Task.FromResult(Result(HealthStatus.Healthy));
            },
            TimeSpan.FromMilliseconds(100));
        var deaf = new TestCheck(async _ => { await Task.Delay(Hang, CancellationToken.None); return Result(HealthStatus.Healthy); }, TimeSpan.FromMilliseconds(100));
        var obedient = new TestCheck(async token => { await Task.Delay(Hang, token); return Result(HealthStatus.Healthy); }, TimeSpan.FromMilliseconds(100));
        var start = Stopwatch.GetTimestamp();

        var results = await RunAsync([Member("blocking", blocking), Member("deaf", deaf), Member("obedient", obedient), Member("good", Of(HealthStatus.Healthy))]);

        Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(10));
        Assert.Equal(HealthStatus.Healthy, results.Single(result => result.Name == "good").Status);
        Assert.Equal(4, results.Count);
        Assert.All(results.Where(result => result.Name != "good"), result =>
        {
            Assert.Equal(HealthStatus.Unknown, result.Status);
            Assert.Equal("Check.Timeout", Assert.Single(result.Checks).Reason);
            Assert.Contains("did not end within its timeout of 100ms", result.Message, StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task A_check_that_names_its_timeout_itself_is_believed()
    {
        var check = new TestCheck(
            async token =>
            {
                await Task.Delay(Hang, token).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
                return Result(HealthStatus.Critical, "Endpoint.Timeout");
            },
            TimeSpan.FromMilliseconds(100));

        var result = Assert.Single(await RunAsync([Member("slow", check)]));

        Assert.Equal("Endpoint.Timeout", result.Checks[0].Reason);
    }

    [Fact]
    public async Task A_check_that_throws_is_unknown_and_disturbs_no_other()
    {
        var results = await RunAsync(
        [
            Member("defect", new TestCheck(_ => throw new InvalidOperationException("bo\u001b[31mom"))),
            Member("named", new TestCheck(_ => throw new OpsException("Host.Unreachable", OpsErrorKind.Connection, "no route"))),
            Member("good", Of(HealthStatus.Healthy, TimeSpan.FromMilliseconds(50))),
        ]);

        var defect = results.Single(result => result.Name == "defect");
        Assert.Equal((HealthStatus.Unknown, "Check.Failed"), (defect.Status, defect.Checks[0].Reason));
        Assert.Contains("InvalidOperationException", defect.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', defect.Message);
        var named = results.Single(result => result.Name == "named");
        Assert.Equal((HealthStatus.Unknown, "Host.Unreachable"), (named.Status, named.Checks[0].Reason));
        Assert.Equal(HealthStatus.Healthy, results.Single(result => result.Name == "good").Status);
    }

    [Fact]
    public async Task The_root_cause_is_the_end_of_the_chain()
    {
        var results = await RunAsync(
        [
            Member("web", Of(HealthStatus.Critical), "api"),
            Member("api", Of(HealthStatus.Warning), "cache", "db"),
            Member("db", Of(HealthStatus.Critical, TimeSpan.FromMilliseconds(300)), "disk"),
            Member("disk", Of(HealthStatus.Critical, TimeSpan.FromMilliseconds(200))),
            Member("cache", Of(HealthStatus.Critical)),
            Member("other", Of(HealthStatus.Critical), "fine"),
            Member("fine", Of(HealthStatus.Healthy)),
        ]);

        var causes = results.ToDictionary(result => result.Name, result => result.CausedBy);
        Assert.Equal("disk", causes["web"]);
        Assert.Equal("disk", causes["api"]);
        Assert.Equal("disk", causes["db"]);
        Assert.Null(causes["disk"]);
        Assert.Null(causes["cache"]);
        Assert.Null(causes["other"]);
    }

    [Fact]
    public async Task A_healthy_member_does_not_wait_for_its_dependencies_and_a_faulty_one_does()
    {
        var results = await RunAsync(
        [
            Member("slow", Of(HealthStatus.Critical, TimeSpan.FromMilliseconds(400))),
            Member("healthy", Of(HealthStatus.Healthy), "slow"),
            Member("faulty", Of(HealthStatus.Critical), "slow"),
        ]);

        Assert.Equal("healthy", results[0].Name);
        Assert.Null(results[0].CausedBy);
        Assert.Equal("slow", results.Single(result => result.Name == "faulty").CausedBy);
    }

    [Fact]
    public async Task A_cycle_of_dependencies_ends()
    {
        var results = await RunAsync(
        [
            Member("a", Of(HealthStatus.Critical), "b"),
            Member("b", Of(HealthStatus.Critical), "c", "b"),
            Member("c", Of(HealthStatus.Critical), "a", "nobody"),
        ]).WaitAsync(TimeSpan.FromSeconds(10));

        Assert.Equal(3, results.Count);
    }

    [Fact]
    public async Task A_host_that_nobody_reaches_is_the_cause_and_a_full_one_is_not()
    {
        HealthMember On(string name, string host, IHealthCheck check) => new(name, MemberKind.Service, host, [], [check]);
        HealthMember Host(string name, IHealthCheck check) => new(name, MemberKind.Host, name, [], [check]);
        var results = await RunAsync(
        [
            On("api", "gone", Of(HealthStatus.Unknown, reason: "Host.Unreachable")),
            Host("gone", Of(HealthStatus.Unknown, reason: "Host.Unreachable")),
            On("web", "full", Of(HealthStatus.Critical, reason: "Service.Down")),
            Host("full", Of(HealthStatus.Critical, reason: "Host.Disk")),
        ]);

        Assert.Equal("gone", results.Single(result => result.Name == "api").CausedBy);
        Assert.Null(results.Single(result => result.Name == "web").CausedBy);
    }

    [Fact]
    public async Task Only_what_is_wanted_is_reported_and_nobody_waits_for_the_rest()
    {
        var ended = new TaskCompletionSource();
        var members = new[]
        {
            Member("api", Of(HealthStatus.Healthy), "db"),
            Member("db", new TestCheck(async token =>
            {
                try
                {
                    await Task.Delay(Hang, token);
                }
                finally
                {
                    ended.SetResult();
                }

                return Result(HealthStatus.Healthy);
            })),
        };

        var result = Assert.Single(await RunAsync(members, wanted: member => member.Name == "api").WaitAsync(TimeSpan.FromSeconds(5)));

        Assert.Equal("api", result.Name);
        await ended.Task.WaitAsync(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task Cancellation_ends_even_a_deaf_check_within_a_second()
    {
        using var cancel = new CancellationTokenSource();
        var running = RunAsync([Member("deaf", new TestCheck(async _ => { await Task.Delay(Hang, CancellationToken.None); return Result(HealthStatus.Healthy); }, Hang))], cancel: cancel.Token);
        await Task.Delay(100);

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running.WaitAsync(TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public async Task A_reader_that_leaves_early_leaves_no_check_behind()
    {
        var cancelled = new ConcurrentBag<string>();
        var members = Enumerable.Range(0, 10).Select(i => Member($"m{i}", new TestCheck(async token =>
        {
            try
            {
                await Task.Delay(i == 0 ? TimeSpan.Zero : Hang, token);
            }
            catch (OperationCanceledException)
            {
                cancelled.Add($"m{i}");
            }

            return Result(HealthStatus.Healthy);
        }))).ToList();
        await using var session = new StackSession(new OpsStack());

        await foreach (var result in new HealthRound(session, members).RunAsync(_ => true, default))
        {
            Assert.Equal("m0", result.Name);
            break;
        }

        Assert.Equal(9, cancelled.Count);
    }

    private static void InterlockedMaximum(ref int most, int value)
    {
        for (var seen = most; value > seen; seen = most)
        {
            if (Interlocked.CompareExchange(ref most, value, seen) == seen)
            {
                return;
            }
        }
    }

    private static async Task<List<ServiceHealth>> RunAsync(
        IReadOnlyList<HealthMember> members,
        int concurrency = 256,
        Func<HealthMember, bool>? wanted = null,
        CancellationToken cancel = default)
    {
        await using var session = new StackSession(new OpsStack());
        var results = new List<ServiceHealth>();
        await foreach (var result in new HealthRound(session, members, concurrency).RunAsync(wanted ?? (_ => true), cancel))
        {
            results.Add(result);
        }

        return results;
    }
}
