namespace OpsRunbook.Engine.Endpoints;

/// <summary>Ends work at a fixed time, whatever the work is waiting for.</summary>
internal static class Deadline
{
    // What obeys its token closes its sockets well within this; what does not is left behind.
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(250);

    /// <summary>Runs the work, and throws what <paramref name="expired"/> makes when it takes longer than allowed.</summary>
    public static async Task<T> RunAsync<T>(
        TimeSpan timeout,
        Func<CancellationToken, Task<T>> work,
        Func<OpsException> expired,
        CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        var running = work(limit.Token);
        try
        {
            return await running.WaitAsync(limit.Token);
        }
        catch (Exception) when (limit.IsCancellationRequested)
        {
            // A stream closed under a pending read says so with errors of its own; the reason is the deadline.
            await Task.WhenAny(running, Task.Delay(Grace, CancellationToken.None));
            cancellationToken.ThrowIfCancellationRequested();
            if (running.IsCompletedSuccessfully)
            {
                return await running;
            }

            throw expired();
        }
    }
}
