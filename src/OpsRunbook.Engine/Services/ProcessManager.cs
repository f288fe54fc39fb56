using System.Globalization;
using System.Text;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Safety;

namespace OpsRunbook.Engine.Services;

/// <summary>Processes that nothing supervises, by the name or path of their executable, or by their pid file.</summary>
public sealed class ProcessManager : IServiceManager
{
    private const int MaximumPidFile = 4096;

    // The kernel keeps only this much of a name.
    private const int CommLength = 15;

    private static readonly string[] Interpreters = ["node", "nodejs", "python", "ruby", "java", "dotnet", "php", "perl", "bun", "deno"];

    /// <inheritdoc/>
    public ServiceManagerKind Kind => ServiceManagerKind.Process;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<UnitState>> GetStatesAsync(IHost host, IReadOnlyList<UnitReference> units, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(units);
        var processes = await host.GetProcessesAsync(cancellationToken);
        var states = new List<UnitState>(units.Count);
        foreach (var unit in units)
        {
            states.Add(unit.Name.EndsWith(".pid", StringComparison.Ordinal)
                ? await ByPidFileAsync(host, unit.Name, processes, cancellationToken)
                : Judge(processes.Where(process => IsNamed(process, unit.Name)).ToList(), "no such process"));
        }

        return states;
    }

    private static async Task<UnitState> ByPidFileAsync(
        IHost host,
        string path,
        IReadOnlyList<HostProcess> processes,
        CancellationToken cancellationToken)
    {
        var content = await host.ReadFileAsync(path, MaximumPidFile, cancellationToken);
        if (content is null)
        {
            return Down($"there is no pid file {path}");
        }

        var text = Encoding.UTF8.GetString(content).Trim().Split('\n')[0].Trim();
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
            ? Judge(processes.Where(process => process.Pid == pid).ToList(), $"process {pid} of {path} does not exist")
            : Down($"the pid file {path} holds no number");
    }

    private static bool IsNamed(HostProcess process, string name)
    {
        if (name.Contains('/', StringComparison.Ordinal))
        {
            return process.CommandLine.Count > 0 && process.CommandLine[0] == name;
        }

        var executable = process.CommandLine.Count > 0 ? process.CommandLine[0] : string.Empty;
        return process.Name == name
            || FileName(executable) == name

            // A script that is a program of its own keeps only the beginning of a long name.
            || (name.Length > CommLength && process.Name == name[..CommLength] && process.CommandLine.Take(2).Any(word => FileName(word) == name))

            // "node --inspect /srv/shop/server.js" is server.js; "vi server.js" is not.
            || (IsInterpreter(FileName(executable)) && process.CommandLine.Skip(1).FirstOrDefault(IsScript) is { } script && FileName(script) == name)

            // Programs that rewrite their title: "nginx: master process", "postgres: checkpointer".
            || executable.StartsWith(name + ":", StringComparison.Ordinal);
    }

    /// <summary>A program runs whatever script it is given, so that its name says nothing.</summary>
    /// <param name="executable">File name of the program.</param>
    /// <returns>True for an interpreter.</returns>
    internal static bool IsInterpreter(string executable) =>
        Array.Exists(Interpreters, interpreter => executable.TrimEnd('0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '.', '-') == interpreter);

    private static bool IsScript(string word) => word.Length > 0 && word[0] != '-' && Path.HasExtension(word);

    private static string FileName(string path) => path[(path.LastIndexOf('/') + 1)..];

    private static UnitState Judge(List<HostProcess> processes, string whenNone)
    {
        var alive = processes.FindAll(process => process.State is not ('Z' or 'X'));
        if (alive.Count == 0)
        {
            return Down(processes.Count == 0 ? whenNone : "only a zombie is left of it");
        }

        // The oldest one is the master of the others.
        var main = alive.MinBy(process => (process.StartTime, process.Pid))!;
        var stopped = alive.TrueForAll(process => process.State is 'T' or 't');
        return new UnitState(
            stopped ? HealthStatus.Critical : HealthStatus.Healthy,
            stopped ? "suspended" : "running",
            main.Pid,
            main.StartTime,
            Restarts: null,
            alive.Sum(process => process.ResidentBytes),
            alive.Count,
            stopped ? "Service.Unhealthy" : null)
        {
            InstanceList = alive
                .OrderBy(process => process.Pid)
                .Select(process => new ServiceInstance($"{process.Pid}", process.Name, Word(process.State), process.Pid, process.StartTime))
                .ToList(),
            Detail = new Dictionary<string, object?>(StringComparer.Ordinal) { ["User"] = main.User, ["Command"] = CommandRedactor.Redact(main.CommandLine) },
        };
    }

    private static string Word(char state) => state switch
    {
        'R' => "running",
        'D' => "waiting for disk",
        'T' or 't' => "suspended",
        _ => "sleeping",
    };

    private static UnitState Down(string state) => new(HealthStatus.Critical, state, Instances: 0, Reason: "Service.Down");
}
