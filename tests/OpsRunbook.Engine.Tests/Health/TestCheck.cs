using OpsRunbook.Engine.Health;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Tests.Health;

/// <summary>A check that does what the test says.</summary>
internal sealed class TestCheck(Func<CancellationToken, Task<CheckResult>> run, TimeSpan? timeout = null, string name = "test") : IHealthCheck
{
    public string Name => name;

    public TimeSpan Timeout => timeout ?? TimeSpan.FromSeconds(10);

    public static TestCheck Of(HealthStatus status, TimeSpan after = default, string? reason = null) => new(async token =>
    {
        await Task.Delay(after, token);
        return Result(status, reason);
    });

    public static CheckResult Result(HealthStatus status, string? reason = null) =>
        new() { Name = "test", Status = status, Message = status.ToString(), Reason = reason };

    public static HealthMember Member(string name, IHealthCheck check, params string[] dependsOn) =>
        new(name, MemberKind.Service, "local", dependsOn, [check]);

    public Task<CheckResult> RunAsync(StackSession session, CancellationToken cancellationToken) => run(cancellationToken);
}
