using System.Diagnostics;
using OpsRunbook.Engine;

namespace OpsRunbook.Cmdlets.Tests;

public sealed class CmdletPumpTests
{
    [Fact]
    public void Everything_arrives_on_the_pipeline_thread_in_the_order_it_was_said()
    {
        var sink = new TestSink { Answer = target => target == "yes" };
        var answers = new List<bool>();
        CmdletPump.Run(
            sink,
            async (output, token) =>
            {
                await output.WriteAsync(1, token);
                output.Verbose("v");
                answers.Add(await output.ConfirmAsync("yes", "do", token));
                output.Error(new OpsException("E.1", OpsErrorKind.Timeout, "m"));
                answers.Add(await output.ConfirmAsync("no", "do", token));
                await output.WriteAsync(2, token);
                output.Warning("w");
            },
            CancellationToken.None);

        Assert.Equal(["object 1", "verbose v", "ask yes", "error E.1", "ask no", "object 2", "warning w"], sink.Log);
        Assert.Equal([true, false], answers);
    }

    [Fact]
    public void An_object_is_emitted_as_it_is_ready_and_not_at_the_end()
    {
        using var seen = new SemaphoreSlim(0);
        var sink = new TestSink { OnObject = _ => seen.Release() };
        CmdletPump.Run(
            sink,
            async (output, token) =>
            {
                await output.WriteAsync(1, token);

                // Would never come if results were kept until the work is done.
                Assert.True(await seen.WaitAsync(TimeSpan.FromSeconds(30), token));
                await output.WriteAsync(2, token);
            },
            CancellationToken.None);
        Assert.Equal([1, 2], sink.Objects);
    }

    [Fact]
    public void A_pipeline_that_ends_early_cancels_the_work_and_waits_for_its_clean_up()
    {
        var cleaned = false;
        var sink = new TestSink { OnObject = _ => throw new TerminatedException() };
        Assert.Throws<TerminatedException>(() => CmdletPump.Run(
            sink,
            async (output, token) =>
            {
                try
                {
                    await output.WriteAsync(1, token);
                    await Task.Delay(Timeout.Infinite, token);
                }
                finally
                {
                    await Task.Delay(50, CancellationToken.None);
                    cleaned = true;
                }
            },
            CancellationToken.None));
        Assert.True(cleaned);
        Assert.Single(sink.Objects);
    }

    [Fact]
    public void A_pipeline_that_ends_early_frees_work_that_is_blocked_on_a_full_queue()
    {
        // More than the queue holds: the writer waits for room when the pipeline goes away.
        var sink = new TestSink { OnObject = _ => throw new TerminatedException() };
        Exception? seen = null;
        Assert.Throws<TerminatedException>(() => CmdletPump.Run(
            sink,
            async (output, token) =>
            {
                try
                {
                    for (var i = 0; i < 10_000; i++)
                    {
                        await output.WriteAsync(i, token);
                        output.Verbose("more");
                    }
                }
                catch (Exception error)
                {
                    seen = error;
                    throw;
                }
            },
            CancellationToken.None));
        Assert.IsAssignableFrom<OperationCanceledException>(seen);
    }

    [Fact]
    public void A_stop_ends_hanging_work_within_a_second()
    {
        using var stop = new CancellationTokenSource();
        var sink = new TestSink { OnObject = _ => stop.CancelAfter(50) };
        var cancelled = false;
        var clock = Stopwatch.StartNew();
        CmdletPump.Run(
            sink,
            async (output, token) =>
            {
                await output.WriteAsync(1, token);
                try
                {
                    await Task.Delay(Timeout.Infinite, token);
                }
                catch (OperationCanceledException)
                {
                    cancelled = true;
                    throw;
                }
            },
            stop.Token);
        Assert.True(cancelled);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(5), $"took {clock.Elapsed}");
    }

    [Fact]
    public void A_question_nobody_will_answer_ends_with_the_pipeline()
    {
        using var stop = new CancellationTokenSource();
        var sink = new TestSink { OnObject = _ => stop.Cancel() };
        var asked = false;
        CmdletPump.Run(
            sink,
            async (output, token) =>
            {
                await output.WriteAsync(1, token);
                try
                {
                    await output.ConfirmAsync("x", "do", token);
                    asked = true;
                }
                catch (OperationCanceledException)
                {
                    // As it should be.
                }
            },
            stop.Token);
        Assert.False(asked);
    }

    [Fact]
    public void A_refused_question_is_the_works_own_failure()
    {
        var sink = new TestSink { Answer = _ => throw new OpsException("Confirm.NotInteractive", OpsErrorKind.Refused, "m") };
        var error = Assert.Throws<OpsException>(() => CmdletPump.Run(
            sink,
            async (output, token) => await output.ConfirmAsync("x", "do", token),
            CancellationToken.None));
        Assert.Equal("Confirm.NotInteractive", error.Id);
    }

    [Fact]
    public void A_sink_that_ends_the_pipeline_at_a_question_cancels_the_work()
    {
        // What PowerShell throws out of ShouldProcess when the operator chooses to stop.
        var sink = new TestSink { Answer = _ => throw new TerminatedException() };
        var went = false;
        Assert.Throws<TerminatedException>(() => CmdletPump.Run(
            sink,
            async (output, token) =>
            {
                await output.ConfirmAsync("x", "do", token);
                went = true;
            },
            CancellationToken.None));
        Assert.False(went);
    }

    [Fact]
    public void Progress_is_limited_and_completed()
    {
        var sink = new TestSink();
        CmdletPump.Run(
            sink,
            (output, _) =>
            {
                for (var i = 0; i < 10_000; i++)
                {
                    output.Progress("a", "s", i / 100);
                }

                return Task.CompletedTask;
            },
            CancellationToken.None);
        Assert.InRange(sink.ProgressCount, 2, 100);
        Assert.Equal("progress completed", sink.Log.Last());
    }

    [Fact]
    public void Work_without_progress_completes_none()
    {
        var sink = new TestSink();
        CmdletPump.Run(sink, (_, _) => Task.CompletedTask, CancellationToken.None);
        Assert.Empty(sink.Log);
    }

    [Fact]
    public void Many_threads_may_write_at_once()
    {
        var sink = new TestSink();
        CmdletPump.Run(
            sink,
            (output, token) => Parallel.ForAsync(0, 5_000, token, async (i, inner) =>
            {
                await output.WriteAsync(i, inner);
                if (i % 100 == 0)
                {
                    output.Warning("w");
                }
            }),
            CancellationToken.None);
        Assert.Equal(Enumerable.Range(0, 5_000), sink.Objects.Cast<int>().Order());
        Assert.Equal(50, sink.Log.Count(line => line == "warning w"));
    }

    [Fact]
    public void What_was_written_before_a_failure_arrives_before_it()
    {
        var sink = new TestSink();
        Assert.Throws<InvalidOperationException>(() => CmdletPump.Run(
            sink,
            async (output, token) =>
            {
                await output.WriteAsync(1, token);
                await output.WriteAsync(2, token);
                throw new InvalidOperationException("boom");
            },
            CancellationToken.None));
        Assert.Equal([1, 2], sink.Objects);
    }
}
