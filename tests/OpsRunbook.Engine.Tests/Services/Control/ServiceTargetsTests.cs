using OpsRunbook.Engine.Services;

namespace OpsRunbook.Engine.Tests.Services;

public sealed class ServiceTargetsTests
{
    [Fact]
    public void What_others_depend_on_comes_first_also_through_members_without_a_manager()
    {
        var stack = Stack(("web", ["api"]), ("api", ["gateway"]), ("worker", ["db"]), ("db", []));
        stack.Services["gateway"] = new StackService { DependsOn = ["db"] };

        Assert.Equal(["db", "api", "web", "worker"], ServiceTargets.InStartOrder(stack, ServiceTargets.Of(stack)).Select(target => target.Name));
    }

    [Fact]
    public void A_circle_is_refused_with_its_path()
    {
        var stack = Stack(("a", ["b"]), ("b", ["c"]), ("c", ["a"]), ("d", []));

        var error = Assert.Throws<OpsException>(() => ServiceTargets.InStartOrder(stack, ServiceTargets.Select(stack, ["d"], new RecordedOutput())));

        Assert.Equal("Service.DependencyCycle", error.Id);
        Assert.Contains("a → b → c → a", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_have_wildcards_and_a_wrong_one_is_an_error_that_helps()
    {
        var stack = Stack(("api-1", []), ("api-2", []), ("db", []));
        stack.Services["cdn"] = new StackService();
        var output = new RecordedOutput();

        var targets = ServiceTargets.Select(stack, ["API-*", "dbb", "cdn"], output);

        Assert.Equal(["api-1", "api-2"], targets.Select(target => target.Name));
        Assert.Equal(["Service.MemberNotFound", "Service.NotManaged"], output.Errors.Select(error => error.Id));
        Assert.Contains("Did you mean 'db'?", output.Errors[0].FullMessage, StringComparison.Ordinal);
    }

    private static OpsStack Stack(params (string Name, string[] DependsOn)[] services) => new()
    {
        Name = "shop",
        Services = services.ToDictionary(
            service => service.Name,
            service => new StackService { Manager = ServiceManagerKind.Systemd, DependsOn = [.. service.DependsOn] }),
    };
}
