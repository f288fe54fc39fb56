using System.Diagnostics;

namespace OpsRunbook.Engine.Tests;

/// <summary>Keeps everything that an operation says, with the time of each item.</summary>
internal sealed class RecordedOutput : IOperationOutput
{
    private readonly object _gate = new();
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly List<(TimeSpan At, object Item)> _items = [];
    private readonly List<OpsException> _errors = [];
    private readonly List<string> _warnings = [];
    private readonly List<string> _verbose = [];
    private readonly List<string> _progress = [];
    private readonly List<(string Target, string Action)> _questions = [];

    public bool IsWhatIf { get; init; }

    /// <summary>Called after each item.</summary>
    public Action<object> Taken { get; init; } = _ => { };

    /// <summary>Answers the questions; yes to all by default.</summary>
    public Func<string, bool> Answer { get; init; } = _ => true;

    /// <summary>Called after each progress report; null for nothing.</summary>
    public Action? Progressed { get; init; }

    public IReadOnlyList<(TimeSpan At, object Item)> Timed => Copy(_items);

    public IReadOnlyList<object> Items => Timed.Select(item => item.Item).ToList();

    public IReadOnlyList<OpsException> Errors => Copy(_errors);

    public IReadOnlyList<string> Warnings => Copy(_warnings);

    public IReadOnlyList<string> VerboseLines => Copy(_verbose);

    public IReadOnlyList<string> ProgressLines => Copy(_progress);

    public IReadOnlyList<(string Target, string Action)> Questions => Copy(_questions);

    public List<ServiceHealth> Health => Items.OfType<ServiceHealth>().ToList();

    public ServiceHealth this[string name] => Health.Last(health => health.Name == name);

    public ValueTask WriteAsync(object item, CancellationToken cancellationToken)
    {
        Add(_items, (Stopwatch.GetElapsedTime(_start), item));
        Taken(item);
        return ValueTask.CompletedTask;
    }

    public void Error(OpsException error) => Add(_errors, error);

    public void Warning(string message) => Add(_warnings, message);

    public void Verbose(string message) => Add(_verbose, message);

    public void Progress(string activity, string status, int? percent)
    {
        Add(_progress, $"{activity}: {status}");
        Progressed?.Invoke();
    }

    public Task<bool> ConfirmAsync(string target, string action, CancellationToken cancellationToken)
    {
        Add(_questions, (target, action));
        return Task.FromResult(!IsWhatIf && Answer(target));
    }

    private void Add<T>(List<T> list, T item)
    {
        lock (_gate)
        {
            list.Add(item);
        }
    }

    private List<T> Copy<T>(List<T> list)
    {
        lock (_gate)
        {
            return [.. list];
        }
    }
}
