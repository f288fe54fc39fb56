using System.Globalization;
using OpsRunbook.Engine.Health;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Services;

namespace OpsRunbook.Engine.Maintenance;

/// <summary>Notes what there is before services are stopped, so that the same is there again afterwards.</summary>
/// <param name="context">What it works with.</param>
/// <param name="services">Services that will be stopped.</param>
/// <param name="health">Health of the stack as it was just found.</param>
internal sealed class NoteStateAction(WindowContext context, IReadOnlyList<string> services, IReadOnlyList<ServiceHealth> health) : IWindowAction
{
    private const string HealthKey = "health/";
    private const string ServiceKey = "service/";
    private const string NotRunning = "not running: ";

    /// <inheritdoc/>
    public string Action => WindowActions.Note;

    /// <inheritdoc/>
    public string Target => context.Session.Stack.Name;

    /// <inheritdoc/>
    public bool IsEssential => true;

    /// <summary>A service did not run before the window, so that it is not started at its end.</summary>
    /// <param name="window">The window.</param>
    /// <param name="service">The service.</param>
    /// <returns>True only when that was noted.</returns>
    public static bool WasDown(WindowDocument window, string service) => Noted(window, ServiceKey + service)?.StartsWith(NotRunning, StringComparison.Ordinal) == true;

    /// <summary>The members that were well before the window.</summary>
    /// <param name="window">The window.</param>
    /// <returns>Their kinds and names; none when that was not noted.</returns>
    public static IReadOnlyList<(MemberKind Kind, string Name)> WellBefore(WindowDocument window) =>
    [
        .. window.Opening.Where(step => step.Action == WindowActions.Note).SelectMany(step => step.Data)
            .Where(item => item.Key.StartsWith(HealthKey, StringComparison.Ordinal) && item.Value == $"{HealthStatus.Healthy}")
            .Select(item => item.Key[HealthKey.Length..].Split('/', 2))
            .Select(parts => (Enum.Parse<MemberKind>(parts[0]), parts[1])),
    ];

    /// <inheritdoc/>
    public Task PlanAsync(WindowDocument window, CancellationToken cancellationToken) => context.Changes.PlanAsync(
        Action, Target, LocalHost.LocalName, services.Count == 0 ? "the health of every member" : $"the health of every member, and the state of {string.Join(", ", services)}", cancellationToken).AsTask();

    /// <inheritdoc/>
    public async Task<StepResult> DoAsync(WindowDocument window, CancellationToken cancellationToken)
    {
        var data = health.ToDictionary(member => $"{HealthKey}{member.Kind}/{member.Name}", member => (string?)$"{member.Status}", StringComparer.Ordinal);
        foreach (var name in services)
        {
            var target = context.Service(name);
            var state = await ServiceReader.StateAsync(context.Session.Host(target.HostName), target, cancellationToken);
            data[ServiceKey + name] = state.Instances == 0 && state.Pid is null
                ? NotRunning + state.State
                : string.Create(CultureInfo.InvariantCulture, $"{state.State}, {state.Instances} instance{(state.Instances == 1 ? string.Empty : "s")}, process {state.Pid}");
        }

        var said = string.Join("; ", services.Select(name => $"{name} {data[ServiceKey + name]}"));
        return StepResult.Done(said.Length > 0 ? said : $"health of {health.Count} members") with { Data = data };
    }

    private static string? Noted(WindowDocument window, string key) =>
        window.Opening.FirstOrDefault(step => step.Action == WindowActions.Note)?.Data.GetValueOrDefault(key);
}
