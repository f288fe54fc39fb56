namespace OpsRunbook.Engine.Maintenance;

/// <summary>Has the silences of a window last until its new end.</summary>
/// <param name="context">What it works with.</param>
internal sealed class ExtendSilencesAction(WindowContext context) : IWindowAction
{
    private readonly EndSilencesAction _old = new(context);

    /// <inheritdoc/>
    public string Action => WindowActions.Extend;

    /// <inheritdoc/>
    public string Target => "alertmanager";

    /// <inheritdoc/>
    public bool IsEssential => false;

    /// <inheritdoc/>
    public async Task PlanAsync(WindowDocument window, CancellationToken cancellationToken)
    {
        foreach (var conditions in SilenceAction.Conditions(context.Session.Stack))
        {
            await new SilenceAction(context, conditions).PlanAsync(window, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public async Task<StepResult> DoAsync(WindowDocument window, CancellationToken cancellationToken)
    {
        // The new ones first: no alert gets through in between.
        var before = await _old.FindAsync(window, cancellationToken);
        var made = new List<string>();
        foreach (var conditions in SilenceAction.Conditions(context.Session.Stack))
        {
            made.Add((await new SilenceAction(context, conditions).DoAsync(window, cancellationToken)).Message);
        }

        await _old.EndAsync(before, cancellationToken);
        return StepResult.Done(string.Join("; ", made));
    }
}
