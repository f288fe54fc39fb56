using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Services;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Environments;

/// <summary>The way each manager takes up a new environment.</summary>
internal static class EnvironmentRestart
{
    /// <summary>What the manager has to be told.</summary>
    public static ServiceAction ActionOf(ServiceTarget target) => target.Manager == ServiceManagerKind.Compose ? ServiceAction.Recreate : ServiceAction.Restart;

    /// <summary>The command that an operator would type.</summary>
    public static string Describe(ServiceTarget target, UnitState state) => target.Manager == ServiceManagerKind.Pm2
        ? $"pm2 restart {Ids(state)} --update-env"
        : ServiceControls.Get(target.Manager).Describe(ActionOf(target), target, state);

    /// <summary>The step that has a service take up a variable.</summary>
    /// <param name="session">The stack in use.</param>
    /// <param name="target">The service.</param>
    /// <param name="state">Its state as just read.</param>
    /// <param name="running">What its instances run with.</param>
    /// <param name="key">The variable.</param>
    /// <param name="value">Its value; null for none.</param>
    /// <param name="timeout">Longest time to wait for the manager.</param>
    public static ServiceStep StepOf(
        StackSession session, ServiceTarget target, UnitState state, IReadOnlyList<RunningEnvironment> running, string key, string? value, TimeSpan timeout)
    {
        var action = ActionOf(target);
        var host = session.Host(target.HostName);
        return new ServiceStep(
            action,
            target,
            state,
            Describe(target, state),
            token => target.Manager == ServiceManagerKind.Pm2
                ? Pm2Async(host, target, state, Variables(running, key, value), timeout, token)
                : ServiceControls.Get(target.Manager).ActAsync(action, host, target, state, timeout, token))
        {
            Instances = target.Manager is ServiceManagerKind.Pm2 or ServiceManagerKind.Compose && state.InstanceList.Count > 1 ? state.InstanceList.Count : null,
            Interrupts = state.Instances > 0,
        };
    }

    // With --update-env pm2 takes over whatever environment it is called in. Called with the application's own one it adds
    // nothing else to it but what is asked for. A name that no shell takes, or a value of several lines, stays by itself.
    private static Dictionary<string, string> Variables(IReadOnlyList<RunningEnvironment> running, string key, string? value)
    {
        var variables = running.Count == 0
            ? []
            : running[0].Values
                .Where(pair => pair.Key != key && pair.Key != "PM2_HOME" && IsName(pair.Key) && !pair.Value.Contains('\n', StringComparison.Ordinal))
                .ToDictionary(StringComparer.Ordinal);
        if (value is not null)
        {
            variables[key] = value;
        }

        return variables;
    }

    private static bool IsName(string name) => !char.IsAsciiDigit(name[0]) && name.All(letter => letter == '_' || char.IsAsciiLetterOrDigit(letter));

    private static async Task Pm2Async(
        IHost host, ServiceTarget target, UnitState state, IEnumerable<KeyValuePair<string, string>> variables, TimeSpan timeout, CancellationToken cancellationToken) =>
        Pm2Control.Require(
            target, ServiceAction.Restart, await Pm2Shell.RunAsync(host, target.Unit, $"restart {Ids(state)} --update-env --silent", variables, timeout, cancellationToken));

    private static string Ids(UnitState state) => string.Join(' ', state.InstanceList.Select(instance => instance.Id));
}
