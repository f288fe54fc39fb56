using OpsRunbook.Engine.Backups;

namespace OpsRunbook.Engine.Maintenance;

/// <summary>Makes a backup and restores it as a test, before anybody is kept out.</summary>
/// <param name="context">What it works with.</param>
/// <param name="name">Backup of the stack.</param>
internal sealed class BackupAction(WindowContext context, string name) : IWindowAction
{
    private const int Jobs = 2;

    /// <inheritdoc/>
    public string Action => WindowActions.Backup;

    /// <inheritdoc/>
    public string Target => name;

    /// <inheritdoc/>
    public bool IsEssential => true;

    private BackupMember Member => BackupMember.Select(context.Session, [name], null, context.Output)[0];

    /// <inheritdoc/>
    public Task PlanAsync(WindowDocument window, CancellationToken cancellationToken) => MakeAsync(cancellationToken);

    /// <inheritdoc/>
    public async Task<StepResult> DoAsync(WindowDocument window, CancellationToken cancellationToken)
    {
        try
        {
            if (await MakeAsync(cancellationToken) is { } set)
            {
                var test = await TestAsync(set.Set, cancellationToken);
                Require(test is { Status: HealthStatus.Healthy }, $"the set {set.Set} was made, and {test?.Message.TrimEnd('.') ?? "could not be restored as a test"}");
                return StepResult.Done($"{set.Set}: {test?.Message}");
            }
        }
        catch (OpsException error) when (!error.Id.StartsWith("Guard.", StringComparison.Ordinal))
        {
            Require(satisfied: false, error.Message.TrimEnd('.'));
        }

        return StepResult.Failed("there is no new set; the guard was overridden");
    }

    private Task<DbBackup?> MakeAsync(CancellationToken cancellationToken) =>
        new BackupMaker(Member, new BackupRequest(Jobs: Jobs), context.Changes, context.Output).RunAsync(cancellationToken);

    private async Task<DbBackupTest?> TestAsync(string set, CancellationToken cancellationToken)
    {
        context.Output.Take();
        await new BackupTest(Member, new BackupTestRequest(BackupLevel.Restore, [set]) { Jobs = Jobs }, context.Changes, context.Output).RunAsync(cancellationToken);
        var (items, errors) = context.Output.Take();
        return errors.Count > 0 ? throw errors[0] : items.OfType<DbBackupTest>().LastOrDefault();
    }

    private void Require(bool satisfied, string cause) => context.Changes.Require(
        "Backup", satisfied, $"The stack wants '{name}' backed up and the backup tested before maintenance: {cause}.", "Mend that, and try with Backup-Database and Test-DbBackup.", name);
}
