namespace OpsRunbook.Engine;

/// <summary>Keeps the results and errors of an operation that is a part of another one. What the other one has asked already is not asked again.</summary>
/// <param name="output">Takes everything else.</param>
internal sealed class CapturedOutput(IOperationOutput output) : IOperationOutput
{
    private readonly List<object> _items = [];
    private readonly List<OpsException> _errors = [];

    public bool IsWhatIf => output.IsWhatIf;

    /// <summary>The results.</summary>
    public IReadOnlyList<object> Items
    {
        get
        {
            lock (_items)
            {
                return [.. _items];
            }
        }
    }

    /// <summary>The errors.</summary>
    public IReadOnlyList<OpsException> Errors
    {
        get
        {
            lock (_items)
            {
                return [.. _errors];
            }
        }
    }

    public ValueTask WriteAsync(object item, CancellationToken cancellationToken)
    {
        lock (_items)
        {
            _items.Add(item);
        }

        return ValueTask.CompletedTask;
    }

    public void Error(OpsException error)
    {
        lock (_items)
        {
            _errors.Add(error);
        }
    }

    public void Warning(string message) => output.Warning(message);

    public void Verbose(string message) => output.Verbose(message);

    public void Progress(string activity, string status, int? percent) => output.Progress(activity, status, percent);

    public Task<bool> ConfirmAsync(string target, string action, CancellationToken cancellationToken) => Task.FromResult(!IsWhatIf);
}
