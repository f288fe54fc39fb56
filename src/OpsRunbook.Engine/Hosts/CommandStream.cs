namespace OpsRunbook.Engine.Hosts;

/// <summary>A command that runs while its output is read. Disposing it ends the command and all that it started.</summary>
public sealed class CommandStream : IAsyncDisposable
{
    private readonly Func<CancellationToken, Task<CommandResult>> _end;
    private readonly Func<bool, ValueTask> _dispose;
    private bool _hasEnded;
    private int _disposed;

    /// <summary>Wraps a running command.</summary>
    /// <param name="output">Its standard output.</param>
    /// <param name="end">Waits for its end.</param>
    /// <param name="dispose">Ends and releases it; told whether it has ended by itself.</param>
    internal CommandStream(Stream output, Func<CancellationToken, Task<CommandResult>> end, Func<bool, ValueTask> dispose)
    {
        Output = output;
        _end = end;
        _dispose = dispose;
    }

    /// <summary>Standard output as bytes. It ends with the command.</summary>
    public Stream Output { get; }

    /// <summary>How the command ended. Call it after the end of <see cref="Output"/>.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Exit code, and the beginning of its error output; the output itself is empty here.</returns>
    /// <exception cref="OpsException"><c>Host.CommandNotFound</c>, or the connection was lost.</exception>
    public async Task<CommandResult> EndAsync(CancellationToken cancellationToken)
    {
        var result = await _end(cancellationToken);
        _hasEnded = true;
        return result;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Interlocked.Exchange(ref _disposed, 1) == 0 ? _dispose(_hasEnded) : ValueTask.CompletedTask;
}
