namespace OpsRunbook.Engine;

/// <summary>Work that keeps several cores busy.</summary>
internal static class CoreThreads
{
    /// <summary>
    /// Has the calling thread and others do the same work side by side, and returns when all are done. The others are threads of their own: the pool may be
    /// in no hurry to start one more. Waiting for them in another way has more to be compiled when the program runs than much of such work takes.
    /// </summary>
    /// <param name="count">So many threads, this one among them.</param>
    /// <param name="work">What each of them does. What one throws is thrown here when all have ended.</param>
    public static void Run(int count, Action work)
    {
        var threads = new Task[Math.Max(1, count)];
        for (var i = 1; i < threads.Length; i++)
        {
            threads[i] = Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }

        threads[0] = new Task(work);
        threads[0].RunSynchronously(TaskScheduler.Default);
        Task.WhenAll(threads).GetAwaiter().GetResult();
    }
}
