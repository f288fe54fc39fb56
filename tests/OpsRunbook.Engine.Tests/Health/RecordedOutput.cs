using System.Diagnostics;

namespace OpsRunbook.Engine.Tests.Health;

/// <summary>Keeps everything that an operation says, with the time of each item.</summary>
internal sealed class RecordedOutput : IOperationOutput
{
    private readonly object _gate = new();
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly List<(TimeSpan At, object Item)> _items = [];

    public List<OpsException> Errors { get; } = [];

    public List<string> Warnings { get; } = [];

    /// <summary>Called after each item.</summary>
    public Action<object> Taken { get; init; } = _ => { };

    public IReadOnlyList<(TimeSpan At, object Item)> Timed
    {
        get
        {
            lock (_gate)
            {
                return [.. _items];
            }
        }
    }

    public List<ServiceHealth> Health => Timed.Select(item => item.Item).OfType<ServiceHealth>().ToList();

    public ServiceHealth this[string name] => Health.Last(health => health.Name == name);

    public ValueTask WriteAsync(object item, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            _items.Add((Stopwatch.GetElapsedTime(_start), item));
        }

        Taken(item);
        return ValueTask.CompletedTask;
    }

    public void Error(OpsException error) => Errors.Add(error);

    public void Warning(string message) => Warnings.Add(message);

    public void Verbose(string message)
    {
    }

    public void Progress(string activity, string status, int? percent)
    {
    }

    public Task<bool> ConfirmAsync(string target, string action, CancellationToken cancellationToken) => Task.FromResult(true);
}
