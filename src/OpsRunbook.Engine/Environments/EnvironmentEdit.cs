using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Services;

namespace OpsRunbook.Engine.Environments;

/// <summary>A change of an environment file that is ready to be made.</summary>
/// <param name="Target">The service.</param>
/// <param name="Key">Name of the variable.</param>
/// <param name="Value">New value; null when it is taken out.</param>
/// <param name="IsSecret">It must not be shown.</param>
/// <param name="Reading">The environment as it was read.</param>
/// <param name="Source">The file.</param>
/// <param name="Changed">The file as it shall be.</param>
internal sealed record EnvironmentEdit(
    ServiceTarget Target, string Key, string? Value, bool IsSecret, EnvironmentReading Reading, EnvironmentSource Source, EnvironmentFile Changed)
{
    /// <summary>The file as it is.</summary>
    public EnvironmentFile Old => Source.File!;

    /// <summary>Value in the file before; null when it was not set.</summary>
    public string? OldValue => Old.Values.GetValueOrDefault(Key);

    /// <summary>The file has to be written.</summary>
    public bool ChangesFile => !Changed.ToBytes().AsSpan().SequenceEqual(Old.ToBytes());

    /// <summary>The service has to be restarted: it runs, and not with what the file will say.</summary>
    public bool ChangesProcess => Reading.Running.Count > 0
        && (ChangesFile || Reading.Keys.Any(Reading.IsRestartDue));

    /// <summary>
    /// The processes show whether the value has arrived: what puts the file into them is the manager, or they had the variable before.
    /// </summary>
    public bool IsVisible => Source.IsLoadedByManager || Target.Manager == ServiceManagerKind.Pm2 || Reading.Running.Any(instance => instance.Values.ContainsKey(Key));

    /// <summary>Value that the processes shall have; null for none. pm2 cannot take a variable away, so there it becomes empty.</summary>
    public string? ProcessValue => Value ?? (Target.Manager == ServiceManagerKind.Pm2 ? string.Empty : null);

    /// <summary>The same before.</summary>
    public string? OldProcessValue => Reading.Running[0].Values.GetValueOrDefault(Key) ?? (Target.Manager == ServiceManagerKind.Pm2 ? string.Empty : null);

    /// <summary>What was said of the value, without the value of a secret.</summary>
    public string Wanted => Value is null ? $"Remove {Key}" : IsSecret ? $"Set {Key} to a secret value" : $"Set {Key} to '{Display.Text(Value)}'";
}
