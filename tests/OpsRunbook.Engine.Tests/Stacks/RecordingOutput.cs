namespace OpsRunbook.Engine.Tests.Stacks;

/// <summary>Keeps what an operation says.</summary>
internal sealed class RecordingOutput : IOperationOutput
{
    public List<object> Items { get; } = [];

    public List<string> Warnings { get; } = [];

    public ValueTask WriteAsync(object item, CancellationToken cancellationToken)
    {
        lock (Items)
        {
            Items.Add(item);
        }

        return ValueTask.CompletedTask;
    }

    public void Error(OpsException error) => throw error;

    public void Warning(string message) => Warnings.Add(message);

    public void Verbose(string message)
    {
    }

    public void Progress(string activity, string status, int? percent)
    {
    }

    public Task<bool> ConfirmAsync(string target, string action, CancellationToken cancellationToken) => Task.FromResult(true);
}
