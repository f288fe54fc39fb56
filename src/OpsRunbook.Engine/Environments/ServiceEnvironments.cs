using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Services;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Environments;

/// <summary>Tells what services were started with, and what of it their files say otherwise by now.</summary>
/// <param name="session">The stack in use.</param>
/// <param name="output">Takes a <see cref="ServiceEnvironmentVariable"/> for each variable.</param>
/// <param name="fingerprints">Makes the marks of values.</param>
public sealed class ServiceEnvironments(StackSession session, IOperationOutput output, Fingerprints fingerprints)
{
    /// <summary>Emits the variables of services. One that cannot be read is an error, and the others go on.</summary>
    /// <param name="targets">The services.</param>
    /// <param name="keys">Picks the variables.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>True when every service could be read.</returns>
    public async Task<bool> ReadAsync(IReadOnlyList<ServiceTarget> targets, NameFilter keys, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(targets);
        ArgumentNullException.ThrowIfNull(keys);
        var readings = targets.Select(target => ReadAsync(target, cancellationToken)).ToList();
        var all = true;
        foreach (var task in readings)
        {
            if (await task is not { } reading)
            {
                all = false;
                continue;
            }

            foreach (var variable in Describe(reading).Where(variable => keys.Includes(variable.Key)))
            {
                await output.WriteAsync(variable, cancellationToken);
            }
        }

        return all;
    }

    private async Task<EnvironmentReading?> ReadAsync(ServiceTarget target, CancellationToken cancellationToken)
    {
        try
        {
            var reading = await EnvironmentReading.ReadAsync(session.Host(target.HostName), target, output, cancellationToken);
            Report(reading);
            return reading;
        }
        catch (OpsException error)
        {
            output.Error(error);
            return null;
        }
    }

    private void Report(EnvironmentReading reading)
    {
        var target = reading.Target;
        if (reading.Running.Count == 0)
        {
            output.Warning($"'{target.Name}' on host '{target.Host}' does not run ({reading.State.State}), so only its files are shown.");
        }

        foreach (var source in reading.Sources)
        {
            if (source.File is null)
            {
                output.Warning($"The environment file {source.Path} of '{target.Name}' does not exist on host '{target.Host}'.");
            }

            foreach (var problem in source.File?.Problems ?? [])
            {
                output.Warning(problem);
            }
        }
    }

    private IEnumerable<ServiceEnvironmentVariable> Describe(EnvironmentReading reading) => reading.Keys
        .Concat(reading.Target.Service?.RequiredEnvironment ?? [])
        .Distinct(StringComparer.Ordinal)
        .Select(key => Describe(reading, key))
        .OrderByDescending(variable => variable.Status)
        .ThenBy(variable => variable.Key, StringComparer.Ordinal);

    private ServiceEnvironmentVariable Describe(EnvironmentReading reading, string key)
    {
        var instance = reading.Running.Count > 0 ? reading.Running[0] : null;
        var (value, inFile) = (instance?.Values.GetValueOrDefault(key), reading.FileValue(key));
        var isSecret = SecretNames.IsSecret(key, value ?? string.Empty) || SecretNames.IsSecret(key, inFile ?? string.Empty);
        var required = reading.Target.Service?.RequiredEnvironment.Contains(key) == true;
        var restartDue = reading.IsRestartDue(key);
        var (mark, fileMark) = (fingerprints.Of(value), fingerprints.Of(inFile));
        return new ServiceEnvironmentVariable
        {
            Status = required && string.IsNullOrEmpty(value ?? inFile) ? HealthStatus.Critical
                : restartDue ? HealthStatus.Warning
                : HealthStatus.Healthy,
            Name = reading.Target.Name,
            Key = key,
            Value = isSecret && value is not "" ? null : value,
            FileValue = isSecret && inFile is not "" ? null : inFile,
            IsSecret = isSecret,
            Fingerprint = mark,
            FileFingerprint = fileMark,
            State = reading.StateOf(key),
            RestartDue = restartDue,
            Required = required,
            Source = instance?.Source,
            File = reading.SourceOf(key)?.Path,
            ShownValue = !isSecret || (value ?? inFile) is null or "" ? value ?? inFile ?? string.Empty : $"set {mark ?? fileMark}",
            Pid = instance?.Pid,
            Manager = reading.Target.Manager,
            Host = reading.Target.Host,
            Stack = session.Stack.Name,
        };
    }
}
