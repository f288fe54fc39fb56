namespace OpsRunbook.Engine.Maintenance;

/// <summary>Stands where nothing can make a backup: the guard says so, and only an operator can override it.</summary>
internal sealed class NoWindowBackup : IWindowBackup
{
    /// <inheritdoc/>
    public Task PlanAsync(string set, WindowContext context, CancellationToken cancellationToken)
    {
        Require(set, context);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<string> MakeAsync(string set, WindowContext context, CancellationToken cancellationToken)
    {
        Require(set, context);
        return Task.FromResult("not made: the guard was overridden");
    }

    private static void Require(string set, WindowContext context) => context.Changes.Require(
        "Backup",
        satisfied: false,
        $"The stack wants the backup '{set}' made and verified before maintenance, and this version of OpsRunbook cannot make it.",
        "Make and verify it yourself.",
        set);
}
