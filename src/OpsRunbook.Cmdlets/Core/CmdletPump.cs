using System.Diagnostics;
using System.Threading.Channels;
using OpsRunbook.Engine;

namespace OpsRunbook.Cmdlets;

/// <summary>
/// Runs asynchronous engine work and carries all that it says onto the pipeline thread, in the order
/// it was said. One bounded queue holds objects, errors, warnings, verbose lines, progress and
/// questions, so a question is asked after everything before it was emitted.
/// </summary>
internal sealed class CmdletPump : IOperationOutput
{
    private const int Capacity = 256;
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Channel<Action<ICmdletSink>> _queue = Channel.CreateBounded<Action<ICmdletSink>>(
        new BoundedChannelOptions(Capacity) { SingleReader = true });

    private readonly CancellationToken _stopped;
    private long _lastProgress;
    private string? _activity;

    private CmdletPump(bool isWhatIf, CancellationToken stopped)
    {
        IsWhatIf = isWhatIf;
        _stopped = stopped;
    }

    public bool IsWhatIf { get; }

    /// <summary>Runs the work to its end, or until the pipeline wants no more.</summary>
    /// <param name="sink">Where everything goes, on this thread.</param>
    /// <param name="work">The work, started on the thread pool.</param>
    /// <param name="stop">Cancelled by Ctrl+C.</param>
    /// <param name="patience">Longest time to wait until work that was told to end has ended; null for a few seconds.</param>
    public static void Run(ICmdletSink sink, Func<IOperationOutput, CancellationToken, Task> work, CancellationToken stop, TimeSpan? patience = null)
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var pump = new CmdletPump(sink.IsWhatIf, cancel.Token);
        var worker = Task.Run(() => pump.WorkAsync(work), CancellationToken.None);
        try
        {
            pump.Drain(sink);
        }
        finally
        {
            // Select-Object -First ends the pipeline by an exception out of WriteObject and never calls
            // StopProcessing: cancelling and awaiting here is what closes connections and tasks then.
            cancel.Cancel();
            pump._queue.Writer.TryComplete();
            Settle(worker, patience ?? Patience);
        }

        // Only reached when the queue ran dry by itself: the worker's own failure is the command's.
        if (!stop.IsCancellationRequested)
        {
            try
            {
                worker.GetAwaiter().GetResult();
            }
            catch (OperationCanceledException error)
            {
                // A time limit that nobody translated. As a cancellation it would end the command without a word.
                throw new InvalidOperationException("The work was cancelled, and not by the caller.", error);
            }
        }
    }

    public ValueTask WriteAsync(object item, CancellationToken cancellationToken) =>
        _queue.Writer.WriteAsync(sink => sink.WriteObject(item), cancellationToken);

    public void Error(OpsException error) => Post(sink => sink.WriteError(error));

    public void Warning(string message) => Post(sink => sink.WriteWarning(message));

    public void Verbose(string message) => Post(sink => sink.WriteVerbose(message));

    public void Progress(string activity, string status, int? percent)
    {
        var now = Stopwatch.GetTimestamp();
        var last = Interlocked.Read(ref _lastProgress);
        if ((last != 0 && Stopwatch.GetElapsedTime(last, now) < ProgressInterval)
            || Interlocked.CompareExchange(ref _lastProgress, now, last) != last)
        {
            return;
        }

        _activity = activity;
        Post(sink => sink.WriteProgress(activity, status, percent, completed: false));
    }

    public Task<bool> ConfirmAsync(string target, string action, CancellationToken cancellationToken) =>
        AskAsync(sink => sink.ShouldProcess(target, action), cancellationToken);

    /// <summary>Has a question answered on the pipeline thread, after all that was said before it.</summary>
    /// <param name="question">Put to the sink.</param>
    /// <param name="cancellationToken">Cancelled when nobody will answer any more.</param>
    /// <returns>The answer.</returns>
    public async Task<T> AskAsync<T>(Func<ICmdletSink, T> question, CancellationToken cancellationToken)
    {
        var answer = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = cancellationToken.Register(() => answer.TrySetCanceled(cancellationToken));
        await _queue.Writer.WriteAsync(
            sink =>
            {
                try
                {
                    answer.TrySetResult(question(sink));
                }
                catch (OpsException error)
                {
                    answer.TrySetException(error);
                }
            },
            cancellationToken);
        return await answer.Task;
    }

    // Work that was told to end ends at once. Should some library ever not listen, the operator's
    // prompt comes back all the same.
    private static void Settle(Task worker, TimeSpan patience)
    {
        try
        {
            worker.Wait(patience);
        }
        catch (AggregateException)
        {
            // Rethrown by Run when it is the reason the command ended; otherwise it only ended because it was told to.
        }
    }

    private async Task WorkAsync(Func<IOperationOutput, CancellationToken, Task> work)
    {
        try
        {
            await work(this, _stopped);
        }
        finally
        {
            if (_activity is { } activity)
            {
                Post(sink => sink.WriteProgress(activity, string.Empty, 100, completed: true));
            }

            _queue.Writer.TryComplete();
        }
    }

    private void Drain(ICmdletSink sink)
    {
        var reader = _queue.Reader;
        try
        {
            while (reader.WaitToReadAsync(_stopped).AsTask().GetAwaiter().GetResult())
            {
                while (!_stopped.IsCancellationRequested && reader.TryRead(out var emit))
                {
                    emit(sink);
                }
            }
        }
        catch (OperationCanceledException) when (_stopped.IsCancellationRequested)
        {
            // Ctrl+C: PowerShell itself ends the pipeline.
        }
    }

    private void Post(Action<ICmdletSink> emit)
    {
        if (_queue.Writer.TryWrite(emit))
        {
            return;
        }

        try
        {
            _queue.Writer.WriteAsync(emit, _stopped).AsTask().GetAwaiter().GetResult();
        }
        catch (Exception error) when (error is OperationCanceledException or ChannelClosedException)
        {
            // The pipeline is gone and nobody listens any more.
        }
    }
}
