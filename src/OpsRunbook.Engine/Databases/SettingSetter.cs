using OpsRunbook.Engine.Safety;

namespace OpsRunbook.Engine.Databases;

/// <summary>Changes settings of a database server, and keeps the way back.</summary>
/// <param name="member">The database.</param>
/// <param name="changes">The road of every change.</param>
/// <param name="output">Takes a <see cref="DbSettingChange"/> for each.</param>
public sealed class SettingSetter(DatabaseMember member, ChangeRunner changes, IOperationOutput output)
{
    private readonly List<DbSettingChange> _made = [];

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

    private async Task<DbSettingChange?> UndoAsync(DbSettingChange change, bool isAskedFor, CancellationToken cancellationToken)
    {
        await using var settings = await DatabaseAdapters.SettingsAsync(member, cancellationToken);
        var setting = await settings.ReadAsync(change.Setting, cancellationToken);
        changes.Require(
            "SettingMoved",
            setting.Value == change.EffectiveValue || setting.Value == change.OldValue,
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

        var after = await changes.RunAsync(
            change,
            token => settings.SetAsync(setting, value, token),
            result => new ChangeResult(JournalOutcome.Succeeded, Judge(settings, result).Message) { After = new Dictionary<string, string?> { [setting.Name] = result.IsPending ? value : result.Value } },
            cancellationToken);
        var (status, message) = Judge(settings, after);
        return new DbSettingChange
        {
            Status = status,
            Database = member.Name,
            Engine = member.Definition.Engine,
            Setting = setting.Name,
            Value = value,
            OldValue = setting.Value,
            EffectiveValue = after.Value,
            RestartRequired = after.IsPending,
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
