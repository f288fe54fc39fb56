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
    private readonly EnvironmentApplier _applier = new(session, changes, output, fingerprints, timeout);

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
                await _applier.PlanAsync(edit, revertAfter, cancellationToken);
            }
            else if (!edit.ChangesFile && !edit.ChangesProcess)
            {
                await output.WriteAsync(_applier.Unchanged(edit), cancellationToken);
            }
            else if (await changes.ConfirmAsync(_applier.ChangeOf(edit), cancellationToken))
            {
                await _applier.ApplyAsync(edit, revertAfter, isAskedFor: true, cancellationToken);
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
                await _applier.PlanAsync(edit, null, cancellationToken);
            }
            else if (await changes.ConfirmAsync(_applier.ChangeOf(edit), cancellationToken))
            {
                await _applier.ApplyAsync(edit, null, isAskedFor: true, cancellationToken);
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
                await _applier.PlanAsync(edit, null, cancellationToken);
                return;
            }

            // It was agreed to when the value was set.
            output.Warning($"The temporary {record.Key} of '{record.Name}' on host '{record.Host}' was to be put back at {Display.Moment(record.DueAt)}, and nothing did it; it is put back now.");
            await _applier.ApplyAsync(edit, null, isAskedFor: false, cancellationToken);
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
}
