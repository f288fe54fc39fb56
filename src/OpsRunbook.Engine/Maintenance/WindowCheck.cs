using OpsRunbook.Engine.Health;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Maintenance;

/// <summary>Has the open maintenance window of a stack appear among its health: one that has outlived its end, or was interrupted, is a finding.</summary>
public sealed class WindowCheck : IHealthCheck
{
    private const string MemberName = "maintenance";
    private readonly TimeProvider _time;

    private WindowCheck(TimeProvider time) => _time = time;

    /// <inheritdoc/>
    public string Name => "window";

    /// <inheritdoc/>
    public TimeSpan Timeout => TimeSpan.FromSeconds(10);

    /// <summary>The member that stands for the window.</summary>
    /// <param name="session">The stack in use.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <param name="time">Tells the time; null for the system's.</param>
    /// <returns>Null when no window is open.</returns>
    public static async Task<HealthMember?> FindAsync(StackSession session, CancellationToken cancellationToken, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(session);
        var check = new WindowCheck(time ?? TimeProvider.System);
        try
        {
            if (await OpenAsync(session, cancellationToken) is null)
            {
                return null;
            }
        }
        catch (OpsException)
        {
            // What cannot be read is never taken for "nothing open": the check says so.
        }

        return new HealthMember(MemberName, MemberKind.Maintenance, LocalHost.LocalName, [], [check]);
    }

    /// <inheritdoc/>
    public async Task<CheckResult> RunAsync(StackSession session, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        try
        {
            if (await OpenAsync(session, cancellationToken) is not { } window)
            {
                return new CheckResult { Name = Name, Status = HealthStatus.Healthy, Message = "no maintenance window is open any more" };
            }

            var (status, message) = WindowView.Judge(window, _time.GetUtcNow().UtcDateTime);
            return new CheckResult
            {
                Name = Name,
                Status = status,
                Message = $"'{Display.Text(window.Title)}': {message}",
                Reason = status == HealthStatus.Healthy ? null : window.State == MaintenanceWindowState.Open && window.End < _time.GetUtcNow().UtcDateTime ? "Window.Overdue" : "Window.NotFinished",
                Target = window.Id,
            };
        }
        catch (OpsException error)
        {
            return CheckResults.Unknown(Name, error.Id, error.Message, session.State.Location);
        }
    }

    private static async Task<WindowDocument?> OpenAsync(StackSession session, CancellationToken cancellationToken) =>
        (await new WindowStore(session.State, session.Stack.Name).ListAsync(onlyUnfinished: true, cancellationToken)).LastOrDefault(window => window.Active);
}
