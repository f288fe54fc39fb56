using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Services;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Environments;

/// <summary>The environment of one service, in its processes and in its files, at one moment.</summary>
internal sealed class EnvironmentReading
{
    private readonly Dictionary<string, string>? _resolved;
    private readonly Dictionary<string, string> _image;
    private readonly bool _isReadByApplication;

    private EnvironmentReading(
        ServiceTarget target,
        UnitState state,
        IReadOnlyList<RunningEnvironment> running,
        IReadOnlyList<EnvironmentSource> sources,
        Dictionary<string, string>? resolved,
        Dictionary<string, string> image)
    {
        (Target, State, Running, Sources, _resolved, _image) = (target, state, running, sources, resolved, image);

        // A file of which no variable has arrived is read by the application itself, whose process does not show it.
        _isReadByApplication = sources is [.., { IsLoadedByManager: false, File: { } file }] && running.Count > 0 && !file.Values.Keys.Any(running[0].Values.ContainsKey);
    }

    public ServiceTarget Target { get; }

    public UnitState State { get; }

    /// <summary>What the running instances were started with; empty when none runs.</summary>
    public IReadOnlyList<RunningEnvironment> Running { get; }

    /// <summary>The files, the one that counts most last.</summary>
    public IReadOnlyList<EnvironmentSource> Sources { get; }

    /// <summary>Something says what a new process would be started with.</summary>
    public bool HasFile => _resolved is not null || Sources.Any(source => source.File is not null);

    /// <summary>Every variable of the processes and of the files.</summary>
    public IEnumerable<string> Keys => Running.SelectMany(instance => instance.Values.Keys)
        .Concat(_resolved?.Keys ?? Sources.SelectMany(source => source.File?.Values.Keys ?? []))
        .Distinct(StringComparer.Ordinal);

    /// <summary>Reads it.</summary>
    /// <exception cref="OpsException">The manager, the process or the file cannot be read.</exception>
    public static async Task<EnvironmentReading> ReadAsync(IHost host, ServiceTarget target, IOperationOutput output, CancellationToken cancellationToken)
    {
        var state = await ServiceReader.StateAsync(host, target, cancellationToken);
        if (state.Reason is "Service.NotFound" or "Service.Ambiguous" && state.Instances == 0)
        {
            throw ServiceControls.Get(target.Manager).Refuse(ServiceAction.Stop, target, state) ?? ServiceErrors.NotFound(target);
        }

        var running = await RunningEnvironment.ReadAsync(host, target, state, cancellationToken);
        var sources = await EnvironmentSource.FindAsync(host, target, state, cancellationToken);
        if (target.Manager != ServiceManagerKind.Compose)
        {
            return new EnvironmentReading(target, state, running, sources, null, []);
        }

        try
        {
            return new EnvironmentReading(
                target,
                state,
                running,
                sources,
                await ComposeEnvironment.ResolveAsync(host, target, state, cancellationToken),
                running.Count == 0 ? [] : await ComposeEnvironment.OfImageAsync(host, target, state, cancellationToken));
        }
        catch (OpsException error) when (error.Id is "Compose.NotInstalled" or "Compose.FileUnknown")
        {
            output.Verbose($"{target.Name}: only the environment file itself is compared. {error.Message}");
            return new EnvironmentReading(target, state, running, sources, null, []);
        }
    }

    /// <summary>The value that a new process would be started with; null when nothing sets it.</summary>
    public string? FileValue(string key) => _resolved is not null
        ? _resolved.GetValueOrDefault(key)
        : Sources.LastOrDefault(source => source.File?.Values.ContainsKey(key) == true)?.File!.Values[key];

    /// <summary>The file that sets a variable, or in which it would be set; null when there is none.</summary>
    public EnvironmentSource? SourceOf(string key) => Sources.LastOrDefault(source => source.File?.Values.ContainsKey(key) == true) ?? (Sources.Count > 0 ? Sources[^1] : null);

    /// <summary>How a variable stands to the files; null when there is none to compare with.</summary>
    public EnvironmentState? StateOf(string key)
    {
        var inFile = FileValue(key);
        var inProcess = Running.Any(instance => instance.Values.ContainsKey(key));
        return (inFile, inProcess) switch
        {
            (null, true) => HasFile ? EnvironmentState.OnlyInProcess : null,
            (null, false) => EnvironmentState.Missing,
            (_, false) => EnvironmentState.OnlyInFile,
            _ => Running.All(instance => instance.Values.TryGetValue(key, out var value) && IsSame(value, inFile)) ? EnvironmentState.Same : EnvironmentState.Differs,
        };
    }

    /// <summary>A new process would have another value, or the application would read another one.</summary>
    public bool IsRestartDue(string key) => Running.Count > 0 && StateOf(key) switch
    {
        EnvironmentState.Differs => true,
        EnvironmentState.OnlyInFile when SourceOf(key) is { IsLoadedByManager: false } source && _resolved is null =>
            _isReadByApplication ? source.ModifiedAt > Running.Min(instance => instance.Since) : true,
        EnvironmentState.OnlyInFile => true,

        // Taken out of the compose file since; what the image sets stays.
        EnvironmentState.OnlyInProcess => _resolved is not null && IsConfigured(key) && !_image.ContainsKey(key),
        _ => false,
    };

    // The entry script of an image may have set it, and nothing in a file takes that away.
    private bool IsConfigured(string key) => Running[0].Configured?.ContainsKey(key) ?? false;

    // Where a reader of the file replaces $NAME, the process has the replaced value.
    private bool IsSame(string value, string inFile) => value == inFile
        || (_resolved is null
            && inFile.Contains('$', StringComparison.Ordinal)
            && Sources[^1] is { Dialect: EnvironmentDialect.Compose or EnvironmentDialect.Dotenv, File: { } file }
            && value == new ComposeVariables(file.Values).Replace(inFile));
}
