using System.Management.Automation;
using OpsRunbook.Engine;

namespace OpsRunbook.Cmdlets.Tests;

public sealed class OpsCmdletTests
{
    [Fact]
    public void A_failure_in_process_is_one_error_with_id_kind_target_and_next_step()
    {
        var sink = new TestSink();
        var error = new OpsException("Host.Unreachable", OpsErrorKind.Connection, "db01 cannot be reached.", "Check the route.", "db01");
        using var cmdlet = new Probe { Sink = sink, Process = (_, _) => throw error };
        cmdlet.RunBegin();
        cmdlet.RunProcess();
        cmdlet.RunEnd();
        Assert.Same(error, Assert.Single(sink.Errors));
        Assert.Equal(["error Host.Unreachable"], sink.Log);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_failure_in_begin_or_end_ends_the_command(bool begin)
    {
        var sink = new TestSink();
        using var cmdlet = new Probe { Sink = sink };
        Task Fail(IOperationOutput output, CancellationToken token) => throw new OpsException("Stack.NotFound", OpsErrorKind.NotFound, "m");
        if (begin)
        {
            cmdlet.Begin = Fail;
            Assert.Throws<TerminatedException>(cmdlet.RunBegin);
        }
        else
        {
            cmdlet.End = Fail;
            Assert.Throws<TerminatedException>(cmdlet.RunEnd);
        }

        Assert.Equal(["terminate Stack.NotFound"], sink.Log);
    }

    [Fact]
    public void A_defect_becomes_one_error_that_names_the_command_and_keeps_the_cause()
    {
        var sink = new TestSink();
        var defect = new InvalidOperationException("boom");
        using var cmdlet = new Probe { Sink = sink, Process = async (_, _) => { await Task.Yield(); throw defect; } };
        cmdlet.RunProcess();
        var error = Assert.Single(sink.Errors);
        Assert.Equal("Unexpected", error.Id);
        Assert.Equal(OpsErrorKind.Unexpected, error.Kind);
        Assert.Contains("Test-Command", error.Message, StringComparison.Ordinal);
        Assert.Contains("boom", error.Message, StringComparison.Ordinal);
        Assert.NotNull(error.NextStep);
        Assert.Same(defect, error.InnerException);
    }

    [Fact]
    public void A_cancellation_that_nobody_asked_for_is_an_error()
    {
        var sink = new TestSink();
        using var cmdlet = new Probe { Sink = sink, Process = (_, _) => throw new TaskCanceledException("The request timed out.") };
        cmdlet.RunProcess();
        Assert.Equal("Unexpected", Assert.Single(sink.Errors).Id);
    }

    [Fact]
    public void Error_action_stop_passes_through_and_cancels_the_rest()
    {
        var sink = new TestSink { OnError = _ => throw new TerminatedException() };
        var cancelled = new TaskCompletionSource();
        using var cmdlet = new Probe
        {
            Sink = sink,
            Process = async (output, token) =>
            {
                token.Register(cancelled.SetResult);
                output.Error(new OpsException("E.1", OpsErrorKind.Timeout, "m"));
                await Task.Delay(Timeout.Infinite, token);
            },
        };
        Assert.Throws<TerminatedException>(cmdlet.RunProcess);
        Assert.True(cancelled.Task.IsCompleted);
        Assert.Equal(["error E.1"], sink.Log);
    }

    [Fact]
    public void Error_action_stop_passes_through_for_a_failure_of_the_item_itself()
    {
        var sink = new TestSink { OnError = _ => throw new TerminatedException() };
        using var cmdlet = new Probe { Sink = sink, Process = (_, _) => throw new OpsException("E.1", OpsErrorKind.Timeout, "m") };
        Assert.Throws<TerminatedException>(cmdlet.RunProcess);
        Assert.Single(sink.Errors);
    }

    [Fact]
    public async Task Stop_ends_a_hanging_phase()
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var cancelled = false;
        var run = Task.Run(() =>
        {
            using var cmdlet = new Probe
            {
                Sink = new TestSink(),
                Process = async (_, token) =>
                {
                    started.SetResult();
                    try
                    {
                        await Task.Delay(Timeout.Infinite, token);
                    }
                    finally
                    {
                        cancelled = token.IsCancellationRequested;
                    }
                },
            };
            _ = started.Task.ContinueWith(_ => cmdlet.RunStop(), TaskScheduler.Default);
            cmdlet.RunProcess();
        });
        await run.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.True(cancelled);
    }

    [Fact]
    public void A_phase_after_the_stop_does_not_run()
    {
        var ran = false;
        using var cmdlet = new Probe
        {
            Sink = new TestSink(),
            Process = (_, token) =>
            {
                ran = !token.IsCancellationRequested;
                return Task.CompletedTask;
            },
        };
        cmdlet.RunStop();
        cmdlet.RunProcess();
        Assert.False(ran);
    }

    [Fact]
    public void A_phase_that_is_not_overridden_is_free()
    {
        using var cmdlet = new Bare { Sink = new TestSink() };
        cmdlet.RunBegin();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            cmdlet.RunBegin();
        }

        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1000 * 500);
    }

    [Theory]
    [InlineData("10m", 600)]
    [InlineData("7d", 604_800)]
    [InlineData(30, 30)]
    [InlineData(1.5, 1.5)]
    public void A_duration_is_text_or_a_number_of_seconds(object input, double seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), new DurationTransformAttribute().Transform(null!, input));

    [Fact]
    public void A_decimal_that_may_have_been_days_is_no_duration() =>
        Assert.ThrowsAny<Exception>(() => new DurationTransformAttribute().Transform(null!, 7m));

    [Theory]
    [InlineData("500MB", 500L << 20)]
    [InlineData("64KiB", 65_536L)]
    [InlineData(5_242_880, 5_242_880L)]
    [InlineData(1610612736.0, 1_610_612_736L)]
    public void A_size_is_text_or_a_number_of_bytes(object input, long bytes) =>
        Assert.Equal(bytes, new SizeTransformAttribute().Transform(null!, input));

    [Theory]
    [InlineData("soon")]
    [InlineData(-5)]
    [InlineData("")]
    public void What_is_neither_is_refused(object input)
    {
        Assert.ThrowsAny<Exception>(() => new DurationTransformAttribute().Transform(null!, input));
        Assert.ThrowsAny<Exception>(() => new SizeTransformAttribute().Transform(null!, input));
    }

    [Cmdlet("Test", "Probe")]
    private sealed class Probe : OpsCmdlet
    {
        public Func<IOperationOutput, CancellationToken, Task> Begin { get; set; } = (_, _) => Task.CompletedTask;

        public Func<IOperationOutput, CancellationToken, Task> Process { get; set; } = (_, _) => Task.CompletedTask;

        public Func<IOperationOutput, CancellationToken, Task> End { get; set; } = (_, _) => Task.CompletedTask;

        protected override Task BeginAsync(IOperationOutput output, CancellationToken cancellationToken) => Begin(output, cancellationToken);

        protected override Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken) => Process(output, cancellationToken);

        protected override Task EndAsync(IOperationOutput output, CancellationToken cancellationToken) => End(output, cancellationToken);
    }

    [Cmdlet("Test", "Bare")]
    private sealed class Bare : OpsCmdlet;
}
