using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Services;

namespace OpsRunbook.Engine.Tests.Services;

public sealed class SystemdManagerTests
{
    private static readonly IServiceManager Manager = ServiceManagers.Get(ServiceManagerKind.Systemd);

    [Theory]
    [InlineData("LoadState=loaded|ActiveState=active|SubState=running|Type=simple", HealthStatus.Healthy, "active (running)", null)]
    [InlineData("LoadState=loaded|ActiveState=active|SubState=exited|Type=oneshot", HealthStatus.Healthy, "active (exited)", null)]
    [InlineData("LoadState=loaded|ActiveState=active|SubState=exited|Type=forking", HealthStatus.Warning, "active (exited), no process of it runs", "Service.Unhealthy")]
    [InlineData("LoadState=loaded|ActiveState=reloading|SubState=reload", HealthStatus.Healthy, "reloading (reload)", null)]
    [InlineData("LoadState=loaded|ActiveState=activating|SubState=start", HealthStatus.Warning, "activating (start)", "Service.Starting")]
    [InlineData("LoadState=loaded|ActiveState=activating|SubState=auto-restart|Result=exit-code|ExecMainStatus=3", HealthStatus.Critical, "restarting after exit-code, status 3", "Service.Restarting")]
    [InlineData("LoadState=loaded|ActiveState=failed|SubState=failed|Result=exit-code|ExecMainStatus=203", HealthStatus.Critical, "failed (exit-code, status 203)", "Service.Down")]
    [InlineData("LoadState=loaded|ActiveState=failed|SubState=failed|Result=oom-kill", HealthStatus.Critical, "failed (oom-kill)", "Service.Down")]
    [InlineData("LoadState=loaded|ActiveState=inactive|SubState=dead", HealthStatus.Critical, "inactive (dead)", "Service.Down")]
    [InlineData("LoadState=loaded|ActiveState=deactivating|SubState=stop-sigterm", HealthStatus.Critical, "deactivating (stop-sigterm)", "Service.Down")]
    [InlineData("LoadState=not-found|ActiveState=inactive|SubState=dead", HealthStatus.Critical, "not found", "Service.NotFound")]
    [InlineData("LoadState=not-found|ActiveState=active|SubState=running", HealthStatus.Warning, "active (running), but its unit file is gone", "Service.NotFound")]
    [InlineData("LoadState=masked|ActiveState=inactive|SubState=dead", HealthStatus.Critical, "masked", "Service.Masked")]
    [InlineData("LoadState=bad-setting|LoadError=org.x \"Unit is bad.\"|ActiveState=inactive|SubState=dead", HealthStatus.Critical, "bad-setting: org.x \"Unit is bad.\"", "Service.Down")]
    public async Task The_states_of_systemd_are_judged(string properties, HealthStatus status, string state, string? reason)
    {
        var host = new ScriptedHost(_ => new CommandResult(0, properties.Replace('|', '\n') + "\n", string.Empty));

        var result = await Manager.GetStateAsync(host, new UnitReference("api"), default);

        Assert.Equal((status, state, reason), (result.Status, result.State, result.Reason));
    }

    [Fact]
    public async Task Several_units_are_one_question_and_times_are_utc()
    {
        const string shown = """
            LoadState=loaded
            ActiveState=active
            SubState=running
            Type=notify
            MainPID=12
            NRestarts=4
            StateChangeTimestamp=Fri 2026-11-20 23:45:42 UTC
            MemoryCurrent=1048576

            LoadState=not-found
            ActiveState=inactive
            SubState=dead
            MainPID=0
            MemoryCurrent=[not set]
            StateChangeTimestamp=

            """;
        var host = new ScriptedHost(_ => new CommandResult(0, shown, string.Empty));

        var states = await Manager.GetStatesAsync(host, [new("a"), new("not a unit"), new("b"), new("t@")], default);

        var command = Assert.Single(host.Commands);
        Assert.Equal("UTC", command.Environment["TZ"]);
        Assert.Equal(["--", "a", "b"], command.Arguments[^3..]);
        Assert.Equal((12, 4, 1048576L, new DateTime(2026, 11, 20, 23, 45, 42, DateTimeKind.Utc)), (states[0].Pid, states[0].Restarts, states[0].MemoryBytes, states[0].Since));
        Assert.Equal("Service.NotFound", states[1].Reason);
    }

    [Fact]
    public async Task A_service_that_waits_for_its_socket_is_healthy()
    {
        var host = new ScriptedHost(command => new CommandResult(
            0,
            command.Arguments.Contains("api.socket")
                ? "LoadState=loaded\nActiveState=active\nSubState=listening\n"
                : "LoadState=loaded\nActiveState=inactive\nSubState=dead\nResult=success\nTriggeredBy=api.socket\n",
            string.Empty));

        var state = await Manager.GetStateAsync(host, new UnitReference("api"), default);

        Assert.Equal((HealthStatus.Healthy, "inactive, started on demand by api.socket"), (state.Status, state.State));
    }

    [Fact]
    public async Task A_machine_without_systemd_says_so()
    {
        var host = new ScriptedHost(_ => new CommandResult(1, string.Empty, "System has not been booted with systemd as init system (PID 1). Can't operate.\n"));

        var error = await Assert.ThrowsAsync<OpsException>(() => Manager.GetStateAsync(host, new UnitReference("api"), default));

        Assert.Equal("Service.ManagerUnavailable", error.Id);
        Assert.Contains("not been booted with systemd", error.Message, StringComparison.Ordinal);
    }
}
