using OpsRunbook.Engine.Safety;

namespace OpsRunbook.Engine.Databases;

/// <summary>Changes settings of a database server, and keeps the way back.</summary>
/// <param name="member">The database.</param>
/// <param name="changes">The road of every change.</param>
/// <param name="output">Takes a <see cref="DbSettingChange"/> for each.</param>
/// <param name="temporary">Remembers what is to be put back, for the case that this process is killed; null for changes that are to stay.</param>
public sealed class SettingSetter(DatabaseMember member, ChangeRunner changes, IOperationOutput output, TemporarySettings? temporary = null)
{
    private readonly List<DbSettingChange> _made = [];

    /// <summary>There is something to put back.</summary>
    public bool HasChanged => _made.Count > 0;

    /// <summary>Sets values, in this order.</summary>
    /// <param name="values">Settings with their values; null for the default.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>A task that ends with the last one.</returns>
    /// <exception cref="OpsException">The server cannot be reached, does not know the setting, or does not take the value.</exception>
    public async Task SetAsync(IReadOnlyList<(string Name, string? Value)> values, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(values);
        await using var settings = await DatabaseAdapters.SettingsAsync(member, cancellationToken);
        foreach (var (name, value) in values)
        {
            if (await SetAsync(settings, await settings.ReadAsync(name, cancellationToken), value, isAskedFor: true, cancellationToken) is { } change)
            {
                _made.Add(change);
                await output.WriteAsync(change, cancellationToken);
            }
        }
    }

    /// <summary>Takes back what <see cref="SetAsync(IReadOnlyList{ValueTuple{string, string}}, CancellationToken)"/> has changed, without another question: it was agreed to with the change.</summary>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>A task that ends when the old values are back.</returns>
    public async Task PutBackAsync(CancellationToken cancellationToken)
    {
        // Nothing is said before all of them are back: perhaps nobody listens any more.
        var results = new List<DbSettingChange?>();
        foreach (var change in Enumerable.Reverse(_made))
        {
            try
            {
                results.Add(await UndoAsync(change, isAskedFor: false, cancellationToken));
                await (temporary?.ForgetAsync(change) ?? Task.CompletedTask);
            }
            catch (OpsException error)
            {
                output.Error(error);
            }
        }

        foreach (var result in results.OfType<DbSettingChange>())
        {
            await output.WriteAsync(result, cancellationToken);
        }
    }

    /// <summary>Takes a change back.</summary>
    /// <param name="change">Its result.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>A task that ends when the old value is back.</returns>
    /// <exception cref="OpsException"><c>Guard.SettingMoved</c>, or as <see cref="SetAsync(IReadOnlyList{ValueTuple{string, string}}, CancellationToken)"/>.</exception>
    public async Task UndoAsync(DbSettingChange change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        if (await UndoAsync(change, isAskedFor: true, cancellationToken) is { } undone)
        {
            await output.WriteAsync(undone, cancellationToken);
        }
    }

    /// <summary>Takes back what a command has left that was killed, perhaps before it had changed anything. It was agreed to then.</summary>
    /// <param name="change">What it had noted.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>A task that ends when the old value is back.</returns>
    /// <exception cref="OpsException">The server cannot be reached, or does not take the value.</exception>
    internal async Task FinishAsync(DbSettingChange change, CancellationToken cancellationToken)
    {
        await using (var settings = await DatabaseAdapters.SettingsAsync(member, cancellationToken))
        {
            var setting = await settings.ReadAsync(change.Setting, cancellationToken);
            if (setting.Value == change.OldValue && setting.PersistentValue == change.OldPersistentValue)
            {
                return;
            }

            // No guard: -Force of the next command is not meant for this.
            if (change.Status != HealthStatus.Unknown && setting.Value != change.EffectiveValue && setting.Value != change.OldValue)
            {
                output.Warning($"The temporary {change.Setting} of '{member.Name}' was left by a command that was killed. It stays '{Display.Text(setting.Value)}': somebody else has set it since.");
                return;
            }
        }

        if (await UndoAsync(change, isAskedFor: false, cancellationToken) is { } undone)
        {
            output.Warning($"The temporary {change.Setting} of '{member.Name}' was left by a command that was killed, and is put back now: {undone.Message}.");
        }
    }

    private async Task<DbSettingChange?> UndoAsync(DbSettingChange change, bool isAskedFor, CancellationToken cancellationToken)
    {
        await using var settings = await DatabaseAdapters.SettingsAsync(member, cancellationToken);
        var setting = await settings.ReadAsync(change.Setting, cancellationToken);
        changes.Require(
            "SettingMoved",
            change.Status == HealthStatus.Unknown || setting.Value == change.EffectiveValue || setting.Value == change.OldValue,
            $"{change.Setting} of '{member.Name}' is '{setting.Value}' by now, which is not what that change left: somebody else has set it.",
            "Set the value itself with Set-DbSetting.",
            member.Name);

        // PostgreSQL falls back on its main file when its own says nothing; the others know values only.
        return await SetAsync(settings, setting, change.Engine == DatabaseEngine.Postgres ? change.OldPersistentValue : change.OldValue, isAskedFor, cancellationToken);
    }

    // Null when it was not to be done after all.
    private async Task<DbSettingChange?> SetAsync(IDatabaseSettings settings, DatabaseSetting setting, string? value, bool isAskedFor, CancellationToken cancellationToken)
    {
        if (setting.ReadOnly is { } cause)
        {
            throw new OpsException("Db.SettingReadOnly", OpsErrorKind.Refused, $"{setting.Name} of '{member.Name}' cannot be set by a statement: {cause}.", null, member.Name);
        }

        changes.Require(
            "PlainSecret",
            value is null || !SecretNames.IsSecret(setting.Name, value),
            $"The value for {setting.Name} looks like a secret, and stands in plain text on the command line and in the statement that the server may log.",
            "Write it into the server's configuration file.",
            member.Name);
        changes.Require(
            "ConnectionsBelowUse",
            setting.InUse is not { } used || !int.TryParse(value, out var maximum) || maximum >= used,
            $"'{member.Name}' has {setting.InUse} connections now, more than {value} would allow.",
            "Choose a higher limit, or end sessions first with Stop-DbSession.",
            member.Name);
        var statement = settings.Statement(setting, value);
        var shown = value ?? "its default";
        var change = new Change("Set setting", $"{setting.Name} of {member.Name}", member.HostName) { Before = new Dictionary<string, string?> { [setting.Name] = setting.Value } };
        if (changes.IsWhatIf)
        {
            var lasting = setting.NeedsRestart ? "; in effect after a restart" : settings.IsPersistent ? string.Empty : "; lost with the next start of the server";
            await changes.PlanAsync("Set setting", change.Target, member.HostName, $"'{setting.Value}' → '{shown}': {CommandRedactor.RedactText(statement)}{lasting}", cancellationToken);
            return null;
        }

        if (isAskedFor && !await changes.ConfirmAsync(change with { Action = $"Set {Display.Text(setting.Name)} to '{Display.Text(shown)}' (now '{Display.Text(setting.Value)}')" }, cancellationToken))
        {
            return null;
        }

        var noted = ToResult(settings, setting, value, after: null);
        if (isAskedFor && temporary is not null)
        {
            await temporary.KeepAsync(noted, cancellationToken);
        }

        var after = await changes.RunAsync(
            change,
            token => SetAsync(settings, setting, value, isAskedFor ? noted : null, token),
            result => new ChangeResult(JournalOutcome.Succeeded, Judge(settings, result).Message) { After = new Dictionary<string, string?> { [setting.Name] = result.IsPending ? value : result.Value } },
            cancellationToken);
        var result = ToResult(settings, setting, value, after);
        if (isAskedFor && temporary is not null)
        {
            await temporary.KeepAsync(result, CancellationToken.None);
        }

        return result;
    }

    private async Task<DatabaseSetting> SetAsync(IDatabaseSettings settings, DatabaseSetting setting, string? value, DbSettingChange? noted, CancellationToken cancellationToken)
    {
        try
        {
            return await settings.SetAsync(setting, value, cancellationToken);
        }
        catch (OpsException error) when (temporary is not null && noted is not null && error.Kind is not (OpsErrorKind.Connection or OpsErrorKind.Timeout))
        {
            await temporary.ForgetAsync(noted);
            throw;
        }
    }

    // Until the server has taken it, nobody knows what it makes of the value.
    private DbSettingChange ToResult(IDatabaseSettings settings, DatabaseSetting setting, string? value, DatabaseSetting? after)
    {
        var (status, message) = after is null ? (HealthStatus.Unknown, "not set yet") : Judge(settings, after);
        return new DbSettingChange
        {
            Status = status,
            Database = member.Name,
            Engine = member.Definition.Engine,
            Setting = setting.Name,
            Value = value,
            OldValue = setting.Value,
            EffectiveValue = after?.Value,
            RestartRequired = after?.IsPending ?? false,
            IsPersistent = settings.IsPersistent,
            OldPersistentValue = setting.PersistentValue,
            Message = message,
        };
    }

    private static (HealthStatus Status, string Message) Judge(IDatabaseSettings settings, DatabaseSetting after)
    {
        var kept = settings.IsPersistent ? string.Empty : "; lost with the next start of the server, unless it is in its option file";
        return after switch
        {
            { OverriddenBy: { } other } => (HealthStatus.Critical, $"it stays '{after.Value}': {other} has the last word"),
            { IsPending: true } => (HealthStatus.Warning, $"in effect after the server is restarted; until then '{after.Value}'"),
            { IsForNewSessions: true } => (HealthStatus.Healthy, $"'{after.Value}' for new sessions; those that are open keep theirs{kept}"),
            _ => (HealthStatus.Healthy, $"'{after.Value}' is in effect{kept}"),
        };
    }
}
