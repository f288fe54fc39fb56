using OpsRunbook.Engine.Health;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Maintenance;

/// <summary>Reads the health of a stack into a list.</summary>
internal static class HealthReading
{
    /// <summary>The health of members.</summary>
    /// <param name="session">The stack in use.</param>
    /// <param name="request">What is asked.</param>
    /// <param name="progress">Takes progress.</param>
    /// <param name="cancellationToken">Ends the checks.</param>
    /// <returns>The members.</returns>
    public static async Task<IReadOnlyList<ServiceHealth>> ReadAsync(StackSession session, HealthRequest request, IOperationOutput progress, CancellationToken cancellationToken)
    {
        var output = new Listing(progress, null);
        await new HealthRunner(session, request, output).RunAsync(cancellationToken);
        return output.Found;
    }

    /// <summary>Watches members, and reports each change as it is seen.</summary>
    /// <param name="session">The stack in use.</param>
    /// <param name="request">What is asked, with a watch.</param>
    /// <param name="progress">Takes progress.</param>
    /// <param name="seen">Takes what changes.</param>
    /// <param name="cancellationToken">Ends the watch.</param>
    /// <returns>A task that ends with the watch.</returns>
    public static Task WatchAsync(StackSession session, HealthRequest request, IOperationOutput progress, Action<ServiceHealth> seen, CancellationToken cancellationToken) =>
        new HealthRunner(session, request, new Listing(progress, seen)).RunAsync(cancellationToken);

    /// <summary>A member is so bad that it stands in the way. That there is nothing to check does not.</summary>
    /// <param name="health">The member.</param>
    /// <returns>True when it does.</returns>
    public static bool IsBad(ServiceHealth health) =>
        health.Status is HealthStatus.Critical or HealthStatus.Unknown && !health.Checks.All(check => check.Reason == "Health.NothingToCheck");

    /// <summary>Members in a sentence, each with its cause.</summary>
    /// <param name="members">The members.</param>
    /// <returns>Such as <c>api is Critical: connection refused; db is Critical: …</c>.</returns>
    public static string Describe(IEnumerable<ServiceHealth> members) => string.Join("; ", members.Select(member => $"{member.Name} is {member.Status}: {member.Message.TrimEnd('.')}"));

    private sealed class Listing(IOperationOutput progress, Action<ServiceHealth>? seen) : IOperationOutput
    {
        private readonly List<ServiceHealth> _found = [];

        public bool IsWhatIf => false;

        public IReadOnlyList<ServiceHealth> Found => _found;

        public ValueTask WriteAsync(object item, CancellationToken cancellationToken)
        {
            var health = (ServiceHealth)item;
            _found.Add(health);
            seen?.Invoke(health);
            return ValueTask.CompletedTask;
        }

        // Names come from the stack itself, so that none can be wrong.
        public void Error(OpsException error) => progress.Warning(error.Message);

        public void Warning(string message) => progress.Warning(message);

        public void Verbose(string message) => progress.Verbose(message);

        public void Progress(string activity, string status, int? percent) => progress.Progress(activity, status, percent);

        public Task<bool> ConfirmAsync(string target, string action, CancellationToken cancellationToken) => Task.FromResult(false);
    }
}
