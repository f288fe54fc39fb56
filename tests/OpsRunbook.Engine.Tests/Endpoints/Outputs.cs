namespace OpsRunbook.Engine.Tests.Endpoints;

/// <summary>Keeps what an operation says.</summary>
internal sealed class Outputs : IOperationOutput
{
    private readonly object _gate = new();

    public List<object> Items { get; } = [];

    public List<OpsException> Errors { get; } = [];

    public ValueTask WriteAsync(object item, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            Items.Add(item);
        }

        return ValueTask.CompletedTask;
    }

    public void Error(OpsException error)
    {
        lock (_gate)
        {
            Errors.Add(error);
        }
    }

    public void Warning(string message)
    {
    }

    public void Verbose(string message)
    {
    }

    public void Progress(string activity, string status, int? percent)
    {
    }

    public Task<bool> ConfirmAsync(string target, string action, CancellationToken cancellationToken) => Task.FromResult(true);
}
