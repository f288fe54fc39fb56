using System.Diagnostics;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Services;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Environments;

/// <summary>
/// Sets or removes one variable in the environment file of a service, has the service take it up, reads it back from the running
/// process, and puts file and process back when it did not arrive or the service is not well with it.
/// </summary>
/// <param name="session">The stack in use.</param>
/// <param name="changes">The road of every change.</param>
/// <param name="output">Takes results, errors and progress.</param>
/// <param name="fingerprints">Makes the marks of values.</param>
/// <param name="timeout">Longest time to wait for one service.</param>
public sealed class ServiceEnvironmentSetter(StackSession session, ChangeRunner changes, IOperationOutput output, Fingerprints fingerprints, TimeSpan timeout)
{
    private static readonly TimeSpan LastResort = TimeSpan.FromSeconds(4);

    private readonly ServiceOperator _operator = new(session, changes, output, timeout);

    /// <summary>Sets or removes a variable.</summary>
    /// <param name="target">The service.</param>
    /// <param name="key">Name of the variable.</param>
    /// <param name="value">Its value; null takes it out of the file.</param>
    /// <param name="isSecret">The value is a secret, whatever it is called and looks like.</param>
    /// <param name="revertAfter">The old value comes back by itself after this time; null for never.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>A task that ends when it is in effect, or the old value is back.</returns>
    public async Task SetAsync(ServiceTarget target, string key, string? value, bool isSecret, TimeSpan? revertAfter, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(key);
        try
        {
            var edit = await PrepareAsync(target, key, value, isSecret, cancellationToken);
            if (revertAfter is not null && !edit.ChangesFile)
            {
                output.Warning($"{edit.Source.Path} on host '{target.Host}' says so already, so there is nothing that could come back later.");
            }

            if (changes.IsWhatIf)
            {
                await PlanAsync(edit, revertAfter, cancellationToken);
            }
            else if (!edit.ChangesFile && !edit.ChangesProcess)
            {
                await output.WriteAsync(Result(edit, ServiceOutcome.Unchanged, "it is so already, in the file and in the service", new Progress()), cancellationToken);
            }
            else if (await changes.ConfirmAsync(ChangeOf(edit), cancellationToken))
            {
                await ApplyAsync(edit, revertAfter, isAskedFor: true, cancellationToken);
            }
        }
        catch (OpsException error)
        {
            output.Error(error);
        }
    }

    /// <summary>Puts back what a change has changed, file and process.</summary>
    /// <param name="change">The result of the change.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>A task that ends when the old value is back.</returns>
    public async Task UndoAsync(ServiceEnvironmentChange change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        try
        {
            if (change.Backup is not { } backup)
            {
                await output.WriteAsync(Unchanged(change), cancellationToken);
                return;
            }

            var edit = await PrepareUndoAsync(change, backup, cancellationToken);
            if (changes.IsWhatIf)
            {
                await PlanAsync(edit, null, cancellationToken);
            }
            else if (await changes.ConfirmAsync(ChangeOf(edit), cancellationToken))
            {
                await ApplyAsync(edit, null, isAskedFor: true, cancellationToken);
                await EnvironmentReverts.ForgetAsync(session.Host(edit.Target.HostName), change.File, change.FileIdentity, cancellationToken);
            }
        }
        catch (OpsException error)
        {
            output.Error(error);
        }
    }

    /// <summary>Puts back every temporary value of a stack that is due and that nobody has put back, and says so. For every command that changes something.</summary>
    /// <param name="session">The stack in use.</param>
    /// <param name="changes">The road of every change.</param>
    /// <param name="output">Takes a warning for each, and errors.</param>
    /// <param name="timeout">Longest time to wait for one service.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>A task that ends when they are back.</returns>
    public static async Task RevertDueAsync(StackSession session, ChangeRunner changes, IOperationOutput output, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var due = await EnvironmentReverts.DueAsync(session, output, cancellationToken);
        if (due.Count == 0)
        {
            return;
        }

        var setter = new ServiceEnvironmentSetter(session, changes, output, Fingerprints.Open(output), timeout);
        foreach (var (path, record) in due)
        {
            await setter.RevertDueAsync(path, record, cancellationToken);
        }
    }

    private async Task RevertDueAsync(string path, PendingRevert record, CancellationToken cancellationToken)
    {
        try
        {
            var edit = await PrepareUndoAsync(record.ToChange(), record.Backup, cancellationToken);
            if (changes.IsWhatIf)
            {
                await PlanAsync(edit, null, cancellationToken);
                return;
            }

            // It was agreed to when the value was set.
            output.Warning($"The temporary {record.Key} of '{record.Name}' on host '{record.Host}' was to be put back at {Display.Moment(record.DueAt)}, and nothing did it; it is put back now.");
            await ApplyAsync(edit, null, isAskedFor: false, cancellationToken);
            File.Delete(path);
        }
        catch (OpsException error)
        {
            output.Error(error);
            if (error.Id == "Service.MemberNotFound")
            {
                // It has been said, and saying it with every command from now on would help nobody.
                output.Warning($"The temporary {record.Key} of '{record.Name}' is not put back; the file as it was is {record.Backup} on host '{record.Host}'.");
                File.Delete(path);
            }
        }
    }

    private async Task<EnvironmentEdit> PrepareUndoAsync(ServiceEnvironmentChange change, string backup, CancellationToken cancellationToken)
    {
        var target = ServiceTargets.Of(session.Stack).FirstOrDefault(target => target.Name == change.Name && target.Host == change.Host)
            ?? throw new OpsException(
                "Service.MemberNotFound", OpsErrorKind.NotFound, $"The stack '{session.Stack.Name}' has no service '{change.Name}' on host '{change.Host}'.", "Give the stack that it was changed with.", change.Name);
        var host = session.Host(target.HostName);
        var isOurs = await EnvironmentFiles.IdentityAsync(host, change.File, cancellationToken) == change.FileIdentity;
        changes.Require("FileChanged", isOurs, EnvironmentErrors.FileChanged(target, change.File).Message, "Set the value itself with Set-ServiceEnvironment.", change.File);
        var reading = await EnvironmentReading.ReadAsync(host, target, output, cancellationToken);
        var source = reading.Sources.FirstOrDefault(source => source.Path == change.File && source.File is not null) ?? throw EnvironmentErrors.FileMissing(target, change.File);
        var content = await host.ReadFileAsync(backup, EnvironmentFile.MaximumBytes, cancellationToken) ?? throw EnvironmentErrors.FileMissing(target, backup);
        var old = EnvironmentFile.Parse(change.File, content, source.Dialect);
        return new EnvironmentEdit(target, change.Key, old.Values.GetValueOrDefault(change.Key), change.IsSecret, reading, source, old);
    }

    private async Task<EnvironmentEdit> PrepareAsync(ServiceTarget target, string key, string? value, bool isSecret, CancellationToken cancellationToken)
    {
        if (target.Manager == ServiceManagerKind.Docker)
        {
            throw EnvironmentErrors.CannotSet(target, "a container keeps the environment that it was created with.", "Create it anew with docker run, or let compose run it.");
        }

        changes.Require(
            "PlainSecret",
            isSecret || value is null || !SecretNames.IsSecret(key, value),
            $"The value for {key} looks like a secret and stands in plain text on the command line, where the history and, with the runner, every user's process list has it.",
            "Give it with -SecureValue or -FromReference '${env:NAME}'.",
            key);
        var reading = await EnvironmentReading.ReadAsync(session.Host(target.HostName), target, output, cancellationToken);
        var source = reading.SourceOf(key) ?? throw EnvironmentErrors.FileUnknown(target, "neither the stack file nor the manager names one.");
        if (source.File is not { } file)
        {
            throw EnvironmentErrors.FileMissing(target, source.Path);
        }

        if (target.Manager == ServiceManagerKind.Pm2 && value?.Contains('\n', StringComparison.Ordinal) == true)
        {
            throw EnvironmentErrors.CannotSet(target, $"the value for {key} has several lines, which cannot be handed to pm2.", "Give it on one line, for example in base64.");
        }

        if (target.Manager == ServiceManagerKind.Pm2 && value is null && reading.Running.Any(instance => instance.Values.ContainsKey(key)))
        {
            throw EnvironmentErrors.CannotSet(
                target, $"pm2 keeps {key} of an application until that is deleted, whatever the file says.", "Set it to an empty value, or delete and start the application with pm2.");
        }

        var hidden = isSecret || SecretNames.IsSecret(key, value ?? string.Empty) || SecretNames.IsSecret(key, file.Values.GetValueOrDefault(key) ?? string.Empty);
        return new EnvironmentEdit(target, key, value, hidden, reading, source, value is null ? file.Remove(key) : file.Set(key, value));
    }

    private async Task PlanAsync(EnvironmentEdit edit, TimeSpan? revertAfter, CancellationToken cancellationToken)
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

    private async Task ApplyAsync(EnvironmentEdit edit, TimeSpan? revertAfter, bool isAskedFor, CancellationToken cancellationToken)
    {
        var progress = new Progress();
        var (change, failure) = await changes.RunAsync(
            ChangeOf(edit),
            token => WorkAsync(edit, revertAfter, progress, token),
            result => new ChangeResult(OutcomeOf(result.Change.Outcome), result.Change.Message)
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

    private static JournalOutcome OutcomeOf(ServiceOutcome outcome) => outcome switch
    {
        ServiceOutcome.Done => JournalOutcome.Succeeded,
        ServiceOutcome.Reverted => JournalOutcome.Reverted,
        ServiceOutcome.Unknown => JournalOutcome.Unknown,
        _ => JournalOutcome.Failed,
    };

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

    private Change ChangeOf(EnvironmentEdit edit) => new(edit.Wanted, edit.Target.Name, edit.Target.Host) { Before = Shown(edit, edit.OldValue) };

    private Dictionary<string, string?> Shown(EnvironmentEdit edit, string? value) => new(StringComparer.Ordinal)
    {
        ["file"] = edit.Source.Path,
        [edit.IsSecret ? "fingerprint" : "value"] = edit.IsSecret ? fingerprints.Of(value) : value,
    };

    private ServiceEnvironmentChange Unchanged(ServiceEnvironmentChange change) => new()
    {
        Status = HealthStatus.Healthy,
        Name = change.Name,
        Key = change.Key,
        Outcome = ServiceOutcome.Unchanged,
        IsSecret = change.IsSecret,
        File = change.File,
        Message = "there is nothing to undo",
        Manager = change.Manager,
        Host = change.Host,
        Stack = session.Stack.Name,
        Duration = TimeSpan.Zero,
        ChangedAt = DateTime.UtcNow,
    };

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
