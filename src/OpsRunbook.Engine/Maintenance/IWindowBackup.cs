namespace OpsRunbook.Engine.Maintenance;

/// <summary>Makes the backups that a window begins with. The one place where windows touch backups.</summary>
internal interface IWindowBackup
{
    /// <summary>Emits what would be done.</summary>
    /// <param name="set">Backup set of the stack.</param>
    /// <param name="context">What it works with.</param>
    /// <param name="cancellationToken">Cancelled when the caller wants no more.</param>
    /// <returns>A task that ends when the plan is taken.</returns>
    Task PlanAsync(string set, WindowContext context, CancellationToken cancellationToken);

    /// <summary>Makes a set and verifies it.</summary>
    /// <param name="set">Backup set of the stack.</param>
    /// <param name="context">What it works with.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>What was made, in a sentence.</returns>
    /// <exception cref="OpsException">There is no verified backup: the window is not begun.</exception>
    Task<string> MakeAsync(string set, WindowContext context, CancellationToken cancellationToken);
}
