namespace OpsRunbook.Engine.Maintenance;

/// <summary>Makes a backup and verifies it, before anybody is kept out.</summary>
/// <param name="context">What it works with.</param>
/// <param name="backup">Makes it.</param>
/// <param name="set">Backup set of the stack.</param>
internal sealed class BackupAction(WindowContext context, IWindowBackup backup, string set) : IWindowAction
{
    /// <inheritdoc/>
    public string Action => WindowActions.Backup;

    /// <inheritdoc/>
    public string Target => set;

    /// <inheritdoc/>
    public bool IsEssential => true;

    /// <inheritdoc/>
    public Task PlanAsync(WindowDocument window, CancellationToken cancellationToken) => backup.PlanAsync(set, context, cancellationToken);

    /// <inheritdoc/>
    public async Task<StepResult> DoAsync(WindowDocument window, CancellationToken cancellationToken) =>
        StepResult.Done(await backup.MakeAsync(set, context, cancellationToken));
}
