using OpsRunbook.Engine.Health;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Maintenance;

/// <summary>Waits until the members that were well before the window, and the services that it has stopped, are well again.</summary>
/// <param name="context">What it works with.</param>
/// <param name="closed">Web servers that are in maintenance mode: their sites cannot be judged yet.</param>
internal sealed class CheckHealthAction(WindowContext context, IReadOnlyCollection<string> closed) : IWindowAction
{
    // What maintenance can have done something to; disks and backups are not waited for.
    private static readonly MemberKind[] Kinds = [MemberKind.Service, MemberKind.Database, MemberKind.Cache, MemberKind.WebServer, MemberKind.Container, MemberKind.Monitoring];

    /// <inheritdoc/>
    public string Action => WindowActions.CheckHealth;

    /// <inheritdoc/>
    public string Target => context.Session.Stack.Name;

    /// <inheritdoc/>
    public bool IsEssential => true;

    /// <inheritdoc/>
    public Task PlanAsync(WindowDocument window, CancellationToken cancellationToken) => context.Changes.PlanAsync(
        Action, Target, LocalHost.LocalName, $"wait up to {Duration.Format(context.Timeout)} for the health of {string.Join(", ", Members(window))}", cancellationToken).AsTask();

    /// <inheritdoc/>
    public async Task<StepResult> DoAsync(WindowDocument window, CancellationToken cancellationToken)
    {
        var names = Members(window);
        if (names.Count == 0)
        {
            return StepResult.Skipped("no member was well before");
        }

        var health = await HealthReading.ReadAsync(
            context.Session, new HealthRequest { Names = names, Kinds = Kinds, RetryFor = context.Timeout, RetryEvery = TimeSpan.FromSeconds(1) }, context.Output, cancellationToken);
        var bad = health.Where(HealthReading.IsBad).ToList();
        context.Changes.Require(
            "Health",
            bad.Count == 0,
            $"Visitors are not let in, because the stack '{Target}' is not well: {HealthReading.Describe(bad)}.",
            "Mend that and repeat Stop-MaintenanceWindow.",
            bad.FirstOrDefault()?.Name);
        return StepResult.Done($"{health.Count - bad.Count} of {health.Count} members are well");
    }

    // Of a killed begin nothing may have been noted; then it is about everything.
    private List<string> Members(WindowDocument window)
    {
        var well = NoteStateAction.WellBefore(window).Where(member => Kinds.Contains(member.Kind)).Select(member => member.Name).ToList();
        var stopped = window.Opening.Where(step => step is { Action: WindowActions.Stop, MayHaveActed: true }).Select(step => step.Target);
        var all = well.Count > 0 ? well.Concat(stopped) : HealthCheckFactory.Create(context.Session.Stack).Where(member => Kinds.Contains(member.Kind)).Select(member => member.Name);
        return [.. all.Distinct(StringComparer.Ordinal).Where(name => !closed.Contains(name))];
    }
}
