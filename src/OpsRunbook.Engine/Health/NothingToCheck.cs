using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Health;

/// <summary>Stands in for the checks of a member that has none: of such a member nothing is known.</summary>
/// <param name="hint">What its entry in the stack file lacks.</param>
internal sealed class NothingToCheck(string hint) : IHealthCheck
{
    public string Name => "none";

    public TimeSpan Timeout => TimeSpan.FromSeconds(1);

    public Task<CheckResult> RunAsync(StackSession session, CancellationToken cancellationToken) =>
        Task.FromResult(CheckResults.Unknown(Name, "Health.NothingToCheck", $"there is nothing to check: {hint}"));
}
