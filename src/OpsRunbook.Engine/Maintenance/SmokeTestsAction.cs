using OpsRunbook.Engine.Health;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Maintenance;

/// <summary>Makes the stack's smoke tests: visitors are let in only when all of them pass.</summary>
/// <param name="context">What it works with.</param>
internal sealed class SmokeTestsAction(WindowContext context) : IWindowAction
{
    // A service that has just become healthy may still need a moment for its first true request.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <inheritdoc/>
    public string Action => WindowActions.SmokeTests;

    /// <inheritdoc/>
    public string Target => context.Session.Stack.Name;

    /// <inheritdoc/>
    public bool IsEssential => true;

    /// <inheritdoc/>
    public async Task PlanAsync(WindowDocument window, CancellationToken cancellationToken)
    {
        foreach (var test in context.Settings.SmokeTests)
        {
            await context.Changes.PlanAsync(
                Action, test.Name ?? Target, LocalHost.LocalName, test.Url ?? test.Tcp ?? test.Dns ?? Safety.CommandRedactor.Redact(test.Command ?? []), cancellationToken);
        }
    }

    /// <inheritdoc/>
    public async Task<StepResult> DoAsync(WindowDocument window, CancellationToken cancellationToken)
    {
        var stack = context.Session.Stack;
        var tests = new OpsStack
        {
            Name = stack.Name,
            Hosts = stack.Hosts,
            Thresholds = stack.Thresholds,
            Services = { ["smoke tests"] = new StackService { Health = context.Settings.SmokeTests } },
        };
        await using var session = context.Session.With(tests);
        var health = await HealthReading.ReadAsync(
            session, new HealthRequest { Kinds = [MemberKind.Service], RetryFor = context.Timeout < Patience ? context.Timeout : Patience, RetryEvery = TimeSpan.FromSeconds(1) }, context.Output, cancellationToken);
        var checks = health.SelectMany(member => member.Checks).ToList();
        var failed = checks.Where(check => check.Status is HealthStatus.Critical or HealthStatus.Unknown).ToList();
        context.Changes.Require(
            "SmokeTest",
            failed.Count == 0,
            $"Visitors are not let in, because {failed.Count} of {checks.Count} smoke tests failed: {string.Join("; ", failed.Select(check => $"{check.Name}: {check.Message.TrimEnd('.')}"))}.",
            "Mend that and repeat Stop-MaintenanceWindow; a test that goes through the closed site needs 'maintenance.allow' in the stack file.",
            failed.FirstOrDefault()?.Name);
        return StepResult.Done($"{checks.Count - failed.Count} of {checks.Count} passed");
    }
}
