using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using OpsRunbook.Engine.Docker;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Services;

/// <summary>Sets the number of instances of a service, and puts it back when they do not become healthy.</summary>
/// <param name="session">The stack in use.</param>
/// <param name="changes">The road of every change.</param>
/// <param name="output">Takes results, errors and progress.</param>
/// <param name="timeout">Longest time to wait for one service.</param>
public sealed partial class ServiceScaler(StackSession session, ChangeRunner changes, IOperationOutput output, TimeSpan timeout)
{
    private readonly ServiceOperator _operator = new(session, changes, output, timeout);

    /// <summary>Scales a service.</summary>
    /// <param name="target">The service.</param>
    /// <param name="instances">Instances that shall run.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>A task that ends when all of them are healthy, or the old number is back.</returns>
    public async Task ScaleAsync(ServiceTarget target, int instances, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(target);
        try
        {
            var state = await ServiceReader.StateAsync(session.Host(target.HostName), target, cancellationToken);
            if (ServiceControls.Get(target.Manager).Refuse(ServiceAction.Scale, target, state) is { } refusal)
            {
                throw refusal;
            }

            await RequireScalableAsync(target, state, instances, cancellationToken);
            var step = StepOf(target, state, instances);
            if (changes.IsWhatIf)
            {
                await _operator.PlanAsync(step, cancellationToken);
            }
            else if (await changes.ConfirmAsync(new Change($"Scale from {state.InstanceList.Count} to {instances} instances", target.Name, target.Host), cancellationToken))
            {
                await _operator.ReportAsync(await ApplyAsync(step, cancellationToken), cancellationToken);
            }
        }
        catch (OpsException error)
        {
            output.Error(error);
        }
    }

    private async Task<ServiceChange> ApplyAsync(ServiceStep step, CancellationToken cancellationToken)
    {
        var before = step.State.InstanceList.Count;
        var change = Counted(await _operator.ApplyAsync(step, cancellationToken), before, step.Instances);
        if (change.Outcome is not (ServiceOutcome.Failed or ServiceOutcome.CrashLoop) || before == 0)
        {
            return change;
        }

        var state = await ServiceReader.StateAsync(session.Host(step.Target.HostName), step.Target, cancellationToken);
        var back = await _operator.ApplyAsync(StepOf(step.Target, state, before), cancellationToken);
        var reverted = back.Outcome == ServiceOutcome.Done;
        return Counted(change, before, back.After is null ? null : before, reverted ? ServiceOutcome.Reverted : ServiceOutcome.Failed, reverted
            ? $"{change.Message}; the {before} instances of before are back"
            : $"{change.Message}; going back to {before} instances failed too: {back.Message}");
    }

    private static ServiceChange Counted(ServiceChange change, int before, int? after, ServiceOutcome? outcome = null, string? message = null) => new()
    {
        Status = outcome is null ? change.Status : HealthStatus.Critical,
        Name = change.Name,
        Action = change.Action,
        Outcome = outcome ?? change.Outcome,
        Manager = change.Manager,
        Host = change.Host,
        Stack = change.Stack,
        Message = message ?? change.Message,
        Duration = change.Duration,
        Before = change.Before,
        After = change.After,
        InstancesBefore = before,
        InstancesAfter = after,
        Evidence = change.Evidence,
        StartedAt = change.StartedAt,
    };

    private ServiceStep StepOf(ServiceTarget target, UnitState state, int instances)
    {
        var host = session.Host(target.HostName);
        if (target.Manager == ServiceManagerKind.Pm2)
        {
            // 'pm2 scale' ends the oldest instances, also when it is the newest that do not work; those go first here.
            var surplus = state.InstanceList
                .OrderBy(instance => instance.State == "online")
                .ThenByDescending(instance => int.Parse(instance.Id, CultureInfo.InvariantCulture))
                .Take(state.InstanceList.Count - instances)
                .Select(instance => instance.Id)
                .ToList();
            var command = surplus.Count > 0
                ? $"delete {string.Join(' ', surplus)}"
                : string.Create(CultureInfo.InvariantCulture, $"scale {target.Unit.Name} {instances}");
            return new ServiceStep(
                ServiceAction.Scale,
                target,
                state,
                $"pm2 {command}",
                async token => Pm2Control.Require(target, ServiceAction.Scale, await Pm2Shell.RunAsync(host, target.Unit, command + " --silent", [], timeout, token)))
            {
                Instances = instances,
            };
        }

        string[] arguments = ["up", "-d", "--no-deps", "--no-recreate", "--scale", string.Create(CultureInfo.InvariantCulture, $"{target.Unit.Name}={instances}"), target.Unit.Name];
        return new ServiceStep(
            ServiceAction.Scale,
            target,
            state,
            $"docker compose {Hosts.PosixShell.Quote(arguments)}",
            token => ComposeTool.RunAsync(host, target, state, ServiceAction.Scale, arguments, timeout, token))
        {
            Instances = instances,
        };
    }

    private async Task RequireScalableAsync(ServiceTarget target, UnitState state, int instances, CancellationToken cancellationToken)
    {
        switch (target.Manager)
        {
            case ServiceManagerKind.Pm2:
                if (state.Detail.GetValueOrDefault("exec_mode") as string != "cluster_mode")
                {
                    throw Cannot(target, "pm2 runs it in fork mode, where further instances fight for its port and end errored.", "Run it in cluster mode: exec_mode: 'cluster' in its ecosystem file.");
                }

                if (instances == 0)
                {
                    throw Cannot(target, "pm2 takes 0 instances for 'delete'.", "Stop it with Stop-OpsService.");
                }

                if (!Pm2Name().IsMatch(target.Unit.Name))
                {
                    throw Cannot(target, $"pm2's command line takes no name like '{target.Unit.Name}'.", "Scale it by its ecosystem file.");
                }

                break;
            case ServiceManagerKind.Compose:
                await RequireComposeAsync(target, state, instances, cancellationToken);
                break;
            default:
                throw Cannot(target, $"{target.Manager.ToString().ToLowerInvariant()} runs one instance of it.", "Only services of pm2 in cluster mode and of compose are scaled.");
        }
    }

    private async Task RequireComposeAsync(ServiceTarget target, UnitState state, int instances, CancellationToken cancellationToken)
    {
        if (instances <= 1 || state.InstanceList.Count == 0)
        {
            return;
        }

        var container = state.InstanceList[0];
        var given = $"{state.Detail.GetValueOrDefault("Project")}.{target.Unit.Name}.";
        if (container.Name.Length <= given.Length || container.Name[..given.Length].Replace('_', '-') != given.Replace('.', '-').Replace('_', '-'))
        {
            throw Cannot(target, $"its compose file gives it the fixed name '{container.Name}', which only one container can have.", "Take 'container_name' out of the compose file.");
        }

        using var docker = new DockerClient(session.Host(target.HostName), target.Unit.DockerEndpoint);
        using var inspected = await docker.GetJsonAsync($"containers/{Uri.EscapeDataString(container.Id)}/json", cancellationToken, container.Name);
        if (FixedPort(inspected.RootElement) is { } port)
        {
            throw Cannot(target, $"its compose file publishes it on port {port} of the host, which only one container can hold.", "Publish only the container's port, or put a proxy before it.");
        }
    }

    private static string? FixedPort(JsonElement container) =>
        container.GetProperty("HostConfig").TryGetProperty("PortBindings", out var ports) && ports.ValueKind == JsonValueKind.Object
            ? ports.EnumerateObject()
                .Where(port => port.Value.ValueKind == JsonValueKind.Array)
                .SelectMany(port => port.Value.EnumerateArray())
                .Select(binding => binding.GetProperty("HostPort").GetString())
                .FirstOrDefault(port => port is { Length: > 0 } and not "0")
            : null;

    private static OpsException Cannot(ServiceTarget target, string cause, string nextStep) => ServiceErrors.Cannot(target, ServiceAction.Scale, cause, nextStep);

    [GeneratedRegex("^[A-Za-z0-9_@:.][A-Za-z0-9_@:.-]*\\z", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Pm2Name();
}
