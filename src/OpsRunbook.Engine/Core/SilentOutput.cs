namespace OpsRunbook.Engine;

/// <summary>An output that nobody listens to. Changes are declined.</summary>
public sealed class SilentOutput : IOperationOutput
{
    /// <summary>The one that is needed.</summary>
    public static readonly SilentOutput Instance = new();

    private SilentOutput()
    {
    }

    /// <inheritdoc/>
    public bool IsWhatIf => false;

    /// <inheritdoc/>
    public ValueTask WriteAsync(object item, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public void Error(OpsException error)
    {
    }

    /// <inheritdoc/>
    public void Warning(string message)
    {
    }

    /// <inheritdoc/>
    public void Verbose(string message)
    {
    }

    /// <inheritdoc/>
    public void Progress(string activity, string status, int? percent)
    {
    }

    /// <inheritdoc/>
    public Task<bool> ConfirmAsync(string target, string action, CancellationToken cancellationToken) => Task.FromResult(false);
}
