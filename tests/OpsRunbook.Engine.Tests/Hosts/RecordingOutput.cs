using System.Collections.Concurrent;

namespace OpsRunbook.Engine.Tests.Hosts;

/// <summary>Keeps what an operation says.</summary>
internal sealed class RecordingOutput : IOperationOutput
{
    public ConcurrentQueue<object> Items { get; } = new();

    public ConcurrentQueue<OpsException> Errors { get; } = new();

    public ConcurrentQueue<string> Warnings { get; } = new();

    public ValueTask WriteAsync(object item, CancellationToken cancellationToken)
    {
        Items.Enqueue(item);
        return ValueTask.CompletedTask;
    }

    public void Error(OpsException error) => Errors.Enqueue(error);

    public void Warning(string message) => Warnings.Enqueue(message);

    public void Verbose(string message)
    {
    }

    public void Progress(string activity, string status, int? percent)
    {
    }

    public Task<bool> ConfirmAsync(string target, string action, CancellationToken cancellationToken) => Task.FromResult(true);
}
