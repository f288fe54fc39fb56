using System.Diagnostics;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Services;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Environments;

/// <summary>
/// Makes an edit of an environment file: writes it, has the service take it up, reads it back, and puts file and process back when
/// it did not arrive or the service is not well with it.
/// </summary>
internal sealed class EnvironmentApplier(StackSession session, ChangeRunner changes, IOperationOutput output, Fingerprints fingerprints, TimeSpan timeout)
{
    private static readonly TimeSpan LastResort = TimeSpan.FromSeconds(4);

    private readonly ServiceOperator _operator = new(session, changes, output, timeout);

    /// <summary>Emits the plan of an edit.</summary>
    public async Task PlanAsync(EnvironmentEdit edit, TimeSpan? revertAfter, CancellationToken cancellationToken)
    {
        var (name, host) = (edit.Target.Name, edit.Target.Host);
        if (!edit.ChangesFile && !edit.ChangesProcess)
        {
            await changes.PlanAsync("None", name, host, $"{edit.Key} is so already", cancellationToken);
            return;
        }

        if (edit.ChangesFile)
        {
            await changes.PlanAsync("Write", name, host, $"{edit.Wanted} in {edit.Source.Path}; the old file is kept beside it", cancellationToken);
        }

        if (edit.ChangesProcess)
        {
            await _operator.PlanAsync(StepOf(edit, edit.Reading.State, edit.ProcessValue), cancellationToken);
            await changes.PlanAsync("Verify", name, host, edit.IsVisible ? $"{edit.Key} in the running process; otherwise put file and service back" : "health; otherwise put file and service back", cancellationToken);
        }

        if (revertAfter is { } time)
        {
            await changes.PlanAsync("Revert", name, host, $"put the old file back after {Duration.Format(time)}", cancellationToken);
        }
    }

    /// <summary>Makes an edit that nobody needs to be asked about any more.</summary>
    public async Task ApplyAsync(EnvironmentEdit edit, TimeSpan? revertAfter, bool isAskedFor, CancellationToken cancellationToken)
    {
        var progress = new Progress();
        var (change, failure) = await changes.RunAsync(
            ChangeOf(edit),
            token => WorkAsync(edit, revertAfter, progress, token),
            result => new ChangeResult(ChangeResult.OutcomeOf(result.Change.Outcome), result.Change.Message)
            {
                After = Shown(edit, result.Change.Outcome == ServiceOutcome.Reverted ? edit.OldValue : edit.Value),
            },
            cancellationToken);
        if (isAskedFor)
        {
            await output.WriteAsync(change, cancellationToken);
        }

        if (failure is not null)
        {
            output.Error(failure);
        }
    }

    private async Task<(ServiceEnvironmentChange Change, OpsException? Failure)> WorkAsync(
        EnvironmentEdit edit, TimeSpan? revertAfter, Progress progress, CancellationToken cancellationToken)
    {
        var host = session.Host(edit.Target.HostName);
        if (edit.ChangesFile)
        {
            // The question may have stood for a while, and somebody else may have worked on the file.
            var present = await host.ReadFileAsync(edit.Source.Path, EnvironmentFile.MaximumBytes, cancellationToken);
            if (present is null || !present.AsSpan().SequenceEqual(edit.Old.ToBytes()))
            {
                throw EnvironmentErrors.FileChanged(edit.Target, edit.Source.Path);
            }

            (progress.Backup, progress.Identity) = await EnvironmentFiles.ReplaceAsync(host, edit.Source.Path, edit.Changed.ToBytes(), cancellationToken);
            output.Verbose($"{edit.Source.Path} on {edit.Target.Host} is written; it was kept as {progress.Backup}.");
        }

        if (!edit.ChangesProcess)
        {
            return (await FinishAsync(edit, revertAfter, "the file is written; the service does not run, so it counts from its next start", progress, cancellationToken), null);
        }

        string problem;
        try
        {
            if (await UnusedAsync(host, edit, cancellationToken) is { } unused)
            {
                return await RevertAsync(edit, progress, restart: false, unused, arrived: false);
            }

            var restarted = await _operator.ApplyAsync(StepOf(edit, edit.Reading.State, edit.ProcessValue), cancellationToken);
            (progress.Before, progress.After, progress.Restarted) = (restarted.Before, restarted.After, true);
            if (restarted.Outcome == ServiceOutcome.Unknown)
            {
                var left = Clean(edit, $"{restarted.Message.TrimEnd('.')}; the file has the new value{(progress.Backup is null ? string.Empty : $", and as it was it is {progress.Backup}")}");
                return (Result(edit, ServiceOutcome.Unknown, left, progress), EnvironmentErrors.OutcomeUnknown(edit.Target, edit.Key, left));
            }

            if (restarted.Outcome != ServiceOutcome.Done)
            {
                return await RevertAsync(edit, progress, restart: true, Why(edit.Target, restarted), arrived: null);
            }

            if (!edit.IsVisible)
            {
                return (await FinishAsync(edit, revertAfter, $"{restarted.Message}; the application reads the file by itself, so its value cannot be seen from outside", progress, cancellationToken), null);
            }

            if (await MissingAsync(host, edit, cancellationToken) is not { } missing)
            {
                progress.Arrived = true;
                return (await FinishAsync(edit, revertAfter, $"the running service has it; {restarted.Message}", progress, cancellationToken), null);
            }

            return await RevertAsync(edit, progress, restart: true, missing, arrived: false);
        }
        catch (OpsException error) when (error.Kind is not (OpsErrorKind.Connection or OpsErrorKind.Timeout))
        {
            problem = error.Message;
        }
        catch (Exception error) when (error is OpsException or OperationCanceledException)
        {
            await LeaveAsync(host, edit, progress);
            throw;
        }

        return await RevertAsync(edit, progress, progress.Restarted, problem, arrived: null);
    }

    // Interrupted, or the connection is lost. What was not begun is taken back; otherwise it is said what is left.
    private async Task LeaveAsync(IHost host, EnvironmentEdit edit, Progress progress)
    {
        if (progress.Backup is null)
        {
            return;
        }

        using var limit = new CancellationTokenSource(LastResort);
        try
        {
            await host.WriteFileAsync(edit.Source.Path, edit.Old.ToBytes(), limit.Token);
            output.Warning($"{edit.Source.Path} on host '{edit.Target.Host}' is as it was. If the service was restarted meanwhile, it still has the new {edit.Key}: restart it once more.");
        }
        catch (Exception error) when (error is OpsException or OperationCanceledException)
        {
            output.Warning($"{edit.Source.Path} on host '{edit.Target.Host}' has the new {edit.Key}; the file as it was is {progress.Backup}.");
        }
    }

    private async Task<(ServiceEnvironmentChange Change, OpsException Failure)> RevertAsync(EnvironmentEdit edit, Progress progress, bool restart, string why, bool? arrived)
    {
        // This goes to its end even when nobody waits for it any more: half of it is worse than all or nothing.
        using var limit = new CancellationTokenSource(timeout + timeout);
        var host = session.Host(edit.Target.HostName);
        why = Clean(edit, why);
        output.Verbose($"{edit.Target.Name}: {why}; the old environment is put back.");
        progress.Arrived = arrived;
        string state;
        try
        {
            if (progress.Backup is { } backup)
            {
                await host.WriteFileAsync(edit.Source.Path, edit.Old.ToBytes(), limit.Token);
                await EnvironmentFiles.RemoveAsync(host, backup, limit.Token);
                (progress.Backup, progress.Identity) = (null, null);
            }

            state = "the file is as it was";
            if (restart)
            {
                var back = await _operator.ApplyAsync(StepOf(edit, await ServiceReader.StateAsync(host, edit.Target, limit.Token), edit.OldProcessValue), limit.Token);
                progress.After = back.After;
                state = back.Outcome == ServiceOutcome.Done ? "file and service are as they were" : $"the file is as it was, but the service is not well with it either: {Clean(edit, back.Message)}";
                progress.IsBack = back.Outcome == ServiceOutcome.Done;
            }
            else
            {
                progress.IsBack = true;
            }
        }
        catch (Exception error) when (error is OpsException or OperationCanceledException)
        {
            state = $"putting it back failed: {error.Message}{(progress.Backup is null ? string.Empty : $" The file as it was is {progress.Backup}.")}";
        }

        return (
            Result(edit, progress.IsBack ? ServiceOutcome.Reverted : ServiceOutcome.Failed, $"{why}; {state}", progress),
            arrived == false ? EnvironmentErrors.NotArrived(edit.Target, edit.Key, why, state) : EnvironmentErrors.NotHealthy(edit.Target, edit.Key, why, state));
    }

    // Compose says beforehand what a new container would get, so that none is made in vain.
    private async Task<string?> UnusedAsync(IHost host, EnvironmentEdit edit, CancellationToken cancellationToken)
    {
        if (edit.Target.Manager != ServiceManagerKind.Compose || !edit.ChangesFile)
        {
            return null;
        }

        var now = await EnvironmentReading.ReadAsync(host, edit.Target, output, cancellationToken);
        return now.Keys.Concat(edit.Reading.Keys).Any(key => now.FileValue(key) != edit.Reading.FileValue(key))
            ? null
            : $"nothing in the compose file hands it to '{edit.Target.Unit.Name}'";
    }

    // Under compose a variable of the file may go by another name in the container, so everything has to be as it should.
    private async Task<string?> MissingAsync(IHost host, EnvironmentEdit edit, CancellationToken cancellationToken)
    {
        var now = await EnvironmentReading.ReadAsync(host, edit.Target, output, cancellationToken);
        if (now.Running.Count == 0)
        {
            return "it does not run any more";
        }

        if (edit.Target.Manager == ServiceManagerKind.Compose)
        {
            return now.Keys.Where(now.IsRestartDue).Order(StringComparer.Ordinal).FirstOrDefault() is { } key ? $"the new container does not have the {key} that compose should give it" : null;
        }

        var wrong = now.Running.Count(instance => instance.Values.GetValueOrDefault(edit.Key) != edit.ProcessValue);
        return wrong == 0 ? null : now.Running.Count == 1 ? "the running process does not have it" : $"{wrong} of {now.Running.Count} instances do not have it";
    }

    private ServiceStep StepOf(EnvironmentEdit edit, UnitState state, string? value) =>
        EnvironmentRestart.StepOf(session, edit.Target, state, edit.Reading.Running, edit.Key, value, timeout);

    private async Task<ServiceEnvironmentChange> FinishAsync(EnvironmentEdit edit, TimeSpan? revertAfter, string message, Progress progress, CancellationToken cancellationToken)
    {
        if (revertAfter is { } time && progress is { Backup: { } backup, Identity: { } identity })
        {
            (progress.RevertsAt, progress.RevertedBy) = await EnvironmentReverts.ScheduleAsync(session, edit, backup, identity, time, output, cancellationToken);
            message += $"; the old file comes back at {Display.Moment(progress.RevertsAt)} by {progress.RevertedBy}";
        }

        return Result(edit, ServiceOutcome.Done, message, progress);
    }

    // systemd's own words come last in its log, and only repeat what is known.
    private static string Why(ServiceTarget target, ServiceChange change)
    {
        var said = change.Evidence?.Log.LastOrDefault(line => !line.StartsWith(target.Unit.Name, StringComparison.Ordinal))?.Trim();
        return change.Message + (change.Evidence?.PortConflict is { } conflict ? $"; {conflict}" : said is { Length: > 0 } ? $"; it said last: {said}" : string.Empty);
    }

    // A service may quote in its log what it was given.
    private static string Clean(EnvironmentEdit edit, string text) => edit.IsSecret
        ? new[] { edit.Value, edit.OldValue }.Where(value => value is { Length: > 0 }).Aggregate(text, (cleaned, value) => cleaned.Replace(value!, "***", StringComparison.Ordinal))
        : text;

    /// <summary>What is asked and recorded.</summary>
    public Change ChangeOf(EnvironmentEdit edit) => new(edit.Wanted, edit.Target.Name, edit.Target.Host) { Before = Shown(edit, edit.OldValue) };

    private Dictionary<string, string?> Shown(EnvironmentEdit edit, string? value) => new(StringComparer.Ordinal)
    {
        ["file"] = edit.Source.Path,
        [edit.IsSecret ? "fingerprint" : "value"] = edit.IsSecret ? fingerprints.Of(value) : value,
    };

    /// <summary>The result when there is nothing to do.</summary>
    public ServiceEnvironmentChange Unchanged(EnvironmentEdit edit) =>
        Result(edit, ServiceOutcome.Unchanged, "it is so already, in the file and in the service", new Progress());

    private ServiceEnvironmentChange Result(EnvironmentEdit edit, ServiceOutcome outcome, string message, Progress progress)
    {
        var (value, old) = outcome == ServiceOutcome.Reverted ? (edit.OldValue, edit.OldValue) : (edit.Value, edit.OldValue);
        return new ServiceEnvironmentChange
        {
            Status = outcome switch
            {
                ServiceOutcome.Done or ServiceOutcome.Unchanged => edit.Reading.Running.Count == 0 ? HealthStatus.Warning : progress.After?.Status ?? HealthStatus.Healthy,
                ServiceOutcome.Unknown => HealthStatus.Unknown,
                _ => HealthStatus.Critical,
            },
            Name = edit.Target.Name,
            Key = edit.Key,
            Outcome = outcome,
            Value = edit.IsSecret ? null : value,
            PreviousValue = edit.IsSecret ? null : old,
            IsSecret = edit.IsSecret,
            Fingerprint = fingerprints.Of(value),
            PreviousFingerprint = fingerprints.Of(old),
            File = edit.Source.Path,
            Backup = progress.Backup,
            FileIdentity = progress.Identity,
            Arrived = progress.Arrived,
            Before = progress.Before,
            After = progress.After,
            RevertsAt = progress.RevertsAt,
            RevertedBy = progress.RevertedBy,
            Message = Clean(edit, message),
            Manager = edit.Target.Manager,
            Host = edit.Target.Host,
            Stack = session.Stack.Name,
            Duration = Stopwatch.GetElapsedTime(progress.Begun),
            ChangedAt = DateTime.UtcNow,
        };
    }

    // How far it has come.
    private sealed class Progress
    {
        public long Begun { get; } = Stopwatch.GetTimestamp();

        public string? Backup { get; set; }

        public string? Identity { get; set; }

        public bool Restarted { get; set; }

        public bool IsBack { get; set; }

        public bool? Arrived { get; set; }

        public ServiceHealth? Before { get; set; }

        public ServiceHealth? After { get; set; }

        public DateTime? RevertsAt { get; set; }

        public string? RevertedBy { get; set; }
    }
}
