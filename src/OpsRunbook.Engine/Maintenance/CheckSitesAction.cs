using OpsRunbook.Engine.Health;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Maintenance;

/// <summary>Looks whether the web servers that are open again are well. Visitors are in already, so that it is reported only.</summary>
/// <param name="context">What it works with.</param>
/// <param name="opened">The web servers.</param>
internal sealed class CheckSitesAction(WindowContext context, IReadOnlyList<string> opened) : IWindowAction
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public string Action => WindowActions.CheckSites;

    /// <inheritdoc/>
    public string Target => string.Join(", ", opened);

    /// <inheritdoc/>
    public bool IsEssential => false;

    /// <inheritdoc/>
    public Task PlanAsync(WindowDocument window, CancellationToken cancellationToken) =>
        context.Changes.PlanAsync(Action, Target, LocalHost.LocalName, "the health of the web servers that are open again", cancellationToken).AsTask();

    /// <inheritdoc/>
    public async Task<StepResult> DoAsync(WindowDocument window, CancellationToken cancellationToken)
    {
        var health = await HealthReading.ReadAsync(
            context.Session, new HealthRequest { Names = opened, Kinds = [MemberKind.WebServer], RetryFor = Patience, RetryEvery = TimeSpan.FromSeconds(1) }, context.Output, cancellationToken);
        var bad = health.Where(HealthReading.IsBad).ToList();
        if (bad.Count == 0)
        {
            return StepResult.Done($"{Target} {(opened.Count == 1 ? "is" : "are")} well");
        }

        context.Output.Warning($"Visitors are let in again, but {HealthReading.Describe(bad)}.");
        return StepResult.Failed(HealthReading.Describe(bad));
    }
}
