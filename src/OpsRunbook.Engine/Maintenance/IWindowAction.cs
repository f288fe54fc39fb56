namespace OpsRunbook.Engine.Maintenance;

/// <summary>One step of a window, to be done.</summary>
internal interface IWindowAction
{
    /// <summary>What is done; one of <see cref="WindowActions"/>.</summary>
    string Action { get; }

    /// <summary>To what.</summary>
    string Target { get; }

    /// <summary>Without it the window cannot go on. The failure of another one is reported, and the rest is done.</summary>
    bool IsEssential { get; }

    /// <summary>Emits what it would do.</summary>
    /// <param name="window">The window.</param>
    /// <param name="cancellationToken">Cancelled when the caller wants no more.</param>
    /// <returns>A task that ends when the plan is taken.</returns>
    Task PlanAsync(WindowDocument window, CancellationToken cancellationToken);

    /// <summary>Does it. May be called again after it was interrupted at any moment.</summary>
    /// <param name="window">The window with all that is known so far.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>What came of it.</returns>
    /// <exception cref="OpsException">It failed.</exception>
    Task<StepResult> DoAsync(WindowDocument window, CancellationToken cancellationToken);
}
