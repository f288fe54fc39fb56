namespace OpsRunbook.Engine.Maintenance;

/// <summary>
/// What the steps of a window talk to: the operator has agreed to the whole window and is not asked about each of its changes, and
/// their results become a part of the window's own.
/// </summary>
/// <param name="output">Takes warnings, progress and plans.</param>
internal sealed class StepOutput(IOperationOutput output) : IOperationOutput
{
    private readonly List<object> _items = [];
    private readonly List<OpsException> _errors = [];

    /// <inheritdoc/>
    public bool IsWhatIf => output.IsWhatIf;

    /// <summary>What was emitted since the last call.</summary>
    /// <returns>Results and errors.</returns>
    public (IReadOnlyList<object> Items, IReadOnlyList<OpsException> Errors) Take()
    {
        lock (_items)
        {
            var taken = (_items.ToList(), _errors.ToList());
            _items.Clear();
            _errors.Clear();
            return taken;
        }
    }

    /// <inheritdoc/>
    public ValueTask WriteAsync(object item, CancellationToken cancellationToken)
    {
        if (IsWhatIf)
        {
            return output.WriteAsync(item, cancellationToken);
        }

        lock (_items)
        {
            _items.Add(item);
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public void Error(OpsException error)
    {
        if (IsWhatIf)
        {
            output.Error(error);
            return;
        }

        lock (_items)
        {
            _errors.Add(error);
        }
    }

    /// <inheritdoc/>
    public void Warning(string message) => output.Warning(message);

    /// <inheritdoc/>
    public void Verbose(string message) => output.Verbose(message);

    /// <inheritdoc/>
    public void Progress(string activity, string status, int? percent) => output.Progress(activity, status, percent);

    /// <inheritdoc/>
    public Task<bool> ConfirmAsync(string target, string action, CancellationToken cancellationToken) => Task.FromResult(!IsWhatIf);
}
