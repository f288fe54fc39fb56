using OpsRunbook.Engine.Docker;
using OpsRunbook.Engine.Services;

namespace OpsRunbook.Engine.Tests.Services;

public sealed class ContainerManagerTests
{
    [Theory]
    [InlineData("running", null, null, HealthStatus.Healthy, "running", null)]
    [InlineData("running", "healthy", null, HealthStatus.Healthy, "running, healthy", null)]
    [InlineData("running", "starting", null, HealthStatus.Warning, "running, health check starting", "Service.Starting")]
    [InlineData("running", "unhealthy", null, HealthStatus.Critical, "running, unhealthy: connection refused", "Service.Unhealthy")]
    [InlineData("restarting", null, 1, HealthStatus.Critical, "restarting after exited (1)", "Service.Restarting")]
    [InlineData("exited", null, 0, HealthStatus.Critical, "exited (0)", "Service.Down")]
    [InlineData("paused", null, null, HealthStatus.Critical, "paused", "Service.Unhealthy")]
    [InlineData("created", null, null, HealthStatus.Critical, "created", "Service.Down")]
    public void A_container_is_judged(string state, string? health, int? exitCode, HealthStatus status, string words, string? reason)
    {
        var result = ContainerStates.Judge(Container(state, health, exitCode));

        Assert.Equal((status, words, reason), (result.Status, result.State, result.Reason));
    }

    [Fact]
    public void A_container_that_was_ended_for_want_of_memory_says_so() =>
        Assert.Equal("exited (137), out of memory", ContainerStates.Judge(Container("exited", null, 137) with { OomKilled = true }).State);

    [Fact]
    public void The_instances_of_a_service_are_judged_together()
    {
        var some = ContainerStates.Judge([Container("running"), Container("running", "unhealthy"), Container("exited", null, 1)]);
        var all = ContainerStates.Judge([Container("running"), Container("running")]);
        var none = ContainerStates.Judge([Container("exited", null, 1), Container("exited", null, 1)]);

        Assert.Equal((HealthStatus.Warning, "Service.Unhealthy", 2), (some.Status, some.Reason, some.Instances));
        Assert.Equal((HealthStatus.Healthy, "2 of 2 running", 2), (all.Status, all.State, all.Instances));
        Assert.Equal((HealthStatus.Critical, "2 of 2 exited (1)", 0), (none.Status, none.State, none.Instances));
        Assert.Equal("Service.NotFound", ContainerStates.Judge([]).Reason);
    }

    [Theory]
    [InlineData("/srv/Net-Wächter App/docker-compose.yml", "net-wchterapp")]
    [InlineData("/srv/_shop_1/compose.yaml", "shop_1")]
    public void The_default_project_is_the_folder_as_compose_writes_it(string file, string project) =>
        Assert.Equal(project, ComposeManager.DefaultProject(file));

    private static DockerContainer Container(string state, string? health = null, int? exitCode = null) => new()
    {
        Id = "id",
        Name = "name",
        Image = "image",
        State = state,
        Health = health,
        HealthOutput = health == "unhealthy" ? "connection refused\nmore" : null,
        ExitCode = exitCode,
    };
}
