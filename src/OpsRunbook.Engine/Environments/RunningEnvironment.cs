using System.Text;
using System.Text.Json;
using OpsRunbook.Engine.Docker;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Services;

namespace OpsRunbook.Engine.Environments;

/// <summary>What one running instance of a service was started with.</summary>
/// <param name="Source">Where it was read: <c>process</c>, <c>container</c> or <c>pm2</c>.</param>
/// <param name="Pid">The process; null for a container.</param>
/// <param name="Since">Its start, UTC; null when not known.</param>
/// <param name="Values">The variables.</param>
internal sealed record RunningEnvironment(string Source, int? Pid, DateTime? Since, IReadOnlyDictionary<string, string> Values)
{
    private const int MaximumBytes = 4 * 1024 * 1024;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ExecLimit = TimeSpan.FromSeconds(5);

    /// <summary>What a container is configured with, which its entry script may have changed; null for anything else.</summary>
    public IReadOnlyDictionary<string, string>? Configured { get; private init; }

    /// <summary>The environments of all running instances.</summary>
    /// <exception cref="OpsException"><c>Environment.NotReadable</c>, <c>Host.FileForbidden</c>, or the manager cannot be asked.</exception>
    public static async Task<IReadOnlyList<RunningEnvironment>> ReadAsync(IHost host, ServiceTarget target, UnitState state, CancellationToken cancellationToken) =>
        target.Manager switch
        {
            ServiceManagerKind.Compose or ServiceManagerKind.Docker => await ContainersAsync(host, target, state, cancellationToken),
            ServiceManagerKind.Pm2 => await Pm2Async(host, target, state, cancellationToken),
            _ => state.Pid is { } pid ? [await ProcessAsync(host, target, pid, state.InstanceList.FirstOrDefault(instance => instance.Pid == pid)?.Since ?? state.Since, cancellationToken)] : [],
        };

    /// <summary>The variables in the content of <c>/proc/PID/environ</c>; null when the program has written something else over it.</summary>
    public static IReadOnlyDictionary<string, string>? Parse(ReadOnlySpan<byte> content)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var entry in Encoding.UTF8.GetString(content).Split('\0', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = entry.IndexOf('=', 1);
            if (equals < 0)
            {
                return null;
            }

            // Of a repeated one the C library gives the first.
            values.TryAdd(entry[..equals], entry[(equals + 1)..]);
        }

        return values.Count == 0 ? null : values;
    }

    private static async Task<RunningEnvironment> ProcessAsync(IHost host, ServiceTarget target, int pid, DateTime? since, CancellationToken cancellationToken)
    {
        var content = await host.ReadFileAsync($"/proc/{pid}/environ", MaximumBytes, cancellationToken);
        return Parse(content) is { } values
            ? new RunningEnvironment("process", pid, since, values)
            : throw EnvironmentErrors.NotReadable(target, content is null ? $"process {pid} has ended meanwhile" : $"process {pid} has written its title over it, as nginx and PostgreSQL do");
    }

    private static async Task<IReadOnlyList<RunningEnvironment>> Pm2Async(IHost host, ServiceTarget target, UnitState state, CancellationToken cancellationToken)
    {
        var result = await Pm2Shell.RunAsync(host, target.Unit, "jlist --silent", [], Limit, cancellationToken);
        var listed = (Pm2List.Read(result.StandardOutput, process => (Pid: (int)(DockerJson.Number(process, "pid") ?? 0), Values: Listed(process))) ?? [])
            .GroupBy(process => process.Pid)
            .ToDictionary(group => group.Key, group => group.First().Values);
        var running = new List<RunningEnvironment>();
        foreach (var instance in state.InstanceList.Where(instance => instance.Pid is not null))
        {
            var known = listed.GetValueOrDefault(instance.Pid!.Value) ?? [];
            try
            {
                // pm2 hands each application its own description as well, in variables such as pm_id; they are not the operator's.
                var own = InCluster(await ProcessAsync(host, target, instance.Pid.Value, instance.Since, cancellationToken));
                running.Add(known.Count == 0 ? own : own with { Values = own.Values.Where(pair => known.ContainsKey(pair.Key)).ToDictionary(StringComparer.Ordinal) });
            }
            catch (OpsException error) when (known.Count > 0 && error.Id is "Host.FileForbidden" or "Environment.NotReadable")
            {
                running.Add(new RunningEnvironment("pm2", instance.Pid, instance.Since, known));
            }
        }

        return running;
    }

    // In cluster mode the process itself has the daemon's environment, and one variable with all that is its own.
    private static RunningEnvironment InCluster(RunningEnvironment running)
    {
        try
        {
            using var description = JsonDocument.Parse(running.Values.GetValueOrDefault("pm2_env") ?? "{}");
            var values = new Dictionary<string, string>(running.Values, StringComparer.Ordinal);
            foreach (var (name, value) in Variables(description.RootElement))
            {
                values[name] = value;
            }

            return running with { Values = values };
        }
        catch (JsonException)
        {
            // A variable of the application that is only called so.
            return running;
        }
    }

    private static Dictionary<string, string> Listed(JsonElement process) => Variables(DockerJson.Child(process, "pm2_env"));

    private static Dictionary<string, string> Variables(JsonElement description) =>
        DockerJson.Child(description, "env") is { ValueKind: JsonValueKind.Object } environment
            ? environment.EnumerateObject()
                .Where(variable => variable.Value.ValueKind is JsonValueKind.String or JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False)
                .ToDictionary(variable => variable.Name, variable => variable.Value.ToString(), StringComparer.Ordinal)
            : [];

    private static async Task<IReadOnlyList<RunningEnvironment>> ContainersAsync(IHost host, ServiceTarget target, UnitState state, CancellationToken cancellationToken)
    {
        using var docker = new DockerClient(host, target.Unit.DockerEndpoint);
        return await Task.WhenAll(state.InstanceList.Where(instance => instance.State is "running" or "paused").Select(instance => ContainerAsync(docker, instance, cancellationToken)));
    }

    private static async Task<RunningEnvironment> ContainerAsync(DockerClient docker, ServiceInstance instance, CancellationToken cancellationToken)
    {
        using var answer = await docker.GetJsonAsync($"containers/{instance.Id}/json", cancellationToken, instance.Id);

        var configured = ConfiguredIn(answer.RootElement);

        // On the host's or another container's process list, process 1 is not this container's.
        if (instance.State == "running" && DockerJson.Text(DockerJson.Child(answer.RootElement, "HostConfig"), "PidMode") is null or "")
        {
            var result = await docker.ExecAsync(
                instance.Id, new HostCommand("cat", "/proc/1/environ") { Timeout = ExecLimit, MaximumOutputBytes = MaximumBytes }, cancellationToken);
            if (result is { ExitCode: 0, TimedOut: false, Truncated: false } && Parse(result.Output) is { } values)
            {
                return new RunningEnvironment("process", null, instance.Since, values) { Configured = configured };
            }
        }

        return new RunningEnvironment("container", null, instance.Since, configured) { Configured = configured };
    }

    /// <summary>The variables in the configuration of a container or image.</summary>
    public static Dictionary<string, string> ConfiguredIn(JsonElement inspected) => DockerJson.Items(DockerJson.Child(inspected, "Config"), "Env")
        .Select(entry => (entry.GetString() ?? string.Empty).Split('=', 2))
        .Where(pair => pair.Length == 2)
        .GroupBy(pair => pair[0], StringComparer.Ordinal)
        .ToDictionary(group => group.Key, group => group.Last()[1], StringComparer.Ordinal);
}
