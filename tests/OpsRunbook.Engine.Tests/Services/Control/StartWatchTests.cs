using OpsRunbook.Engine.Services;

namespace OpsRunbook.Engine.Tests.Services;

public sealed class StartWatchTests
{
    private static readonly UnitState Running = new(HealthStatus.Healthy, "running", Pid: 10, Restarts: 5);
    private static readonly UnitState Starting = new(HealthStatus.Warning, "activating", Pid: 10, Restarts: 5, Reason: "Service.Starting");

    [Fact]
    public void A_slow_start_is_no_crash_loop_however_long_it_takes()
    {
        var watch = new StartWatch();
        for (var i = 0; i < 1000; i++)
        {
            Assert.Equal(StartWatch.Verdict.Coming, watch.See(Starting));
        }

        Assert.Equal(StartWatch.Verdict.Up, watch.See(Running));
    }

    [Fact]
    public void Old_restarts_do_not_count_new_ones_do()
    {
        var watch = new StartWatch();
        Assert.Equal(StartWatch.Verdict.Up, watch.See(Running with { Restarts = 99 }));
        Assert.Equal(StartWatch.Verdict.Up, watch.See(Running with { Restarts = 100 }));
        Assert.Equal(StartWatch.Verdict.Looping, watch.See(Running with { Restarts = 101 }));
        Assert.Equal(2, watch.Restarts);
    }

    [Fact]
    public void One_process_after_another_is_a_loop_where_nobody_counts()
    {
        var watch = new StartWatch();
        Assert.Equal(StartWatch.Verdict.Up, watch.See(Running with { Restarts = null, Pid = 1 }));
        Assert.Equal(StartWatch.Verdict.Up, watch.See(Running with { Restarts = null, Pid = 2 }));
        Assert.Equal(StartWatch.Verdict.Looping, watch.See(Running with { Restarts = null, Pid = 3 }));
    }

    [Fact]
    public void What_is_down_for_good_has_ended_but_not_while_the_manager_still_works_on_it()
    {
        var down = new UnitState(HealthStatus.Critical, "failed", Instances: 0, Reason: "Service.Down");
        Assert.Equal(StartWatch.Verdict.Coming, new StartWatch().See(down with { IsChanging = true }));
        Assert.Equal(StartWatch.Verdict.Ended, new StartWatch().See(down));
        Assert.Equal(StartWatch.Verdict.Up, new StartWatch().See(down with
        {
            Detail = new Dictionary<string, object?> { ["Type"] = "oneshot", ["Result"] = "success", ["ActiveState"] = "inactive" },
        }));
    }
}
