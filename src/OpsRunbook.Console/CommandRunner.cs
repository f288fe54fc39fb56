using System.Runtime.InteropServices;
using OpsRunbook.Cmdlets;
using OpsRunbook.ConsoleRunner.Binding;
using OpsRunbook.ConsoleRunner.Output;

namespace OpsRunbook.ConsoleRunner;

/// <summary>Runs one cmdlet from its first phase to its exit code.</summary>
/// <param name="call">The command and its arguments.</param>
/// <param name="terminal">The standard streams.</param>
/// <param name="formatFile">The module's format file.</param>
internal sealed class CommandRunner(BoundCommand call, Terminal terminal, string formatFile) : IDisposable
{
    private const int SignalBase = 128;
    private readonly CancellationTokenSource _stopped = new();
    private int _signal;

    /// <summary>Runs the command.</summary>
    /// <returns>The exit code.</returns>
    /// <exception cref="UsageException">A mandatory parameter is missing and no input can give it.</exception>
    public int Run()
    {
        var readsInput = call.Options.ReadsInput || (call.AwaitsFromPipeline.Count > 0 && terminal.InputMayHoldItems);
        if (!readsInput && call.AwaitsFromPipeline.Count > 0)
        {
            throw new UsageException(
                "Usage.ParameterMissing",
                $"{string.Join(" and ", call.AwaitsFromPipeline.Select(parameter => "-" + parameter.Name))} must be given, or objects on standard input.");
        }

        var sink = new ConsoleSink(call, terminal, MakeWriter(), _stopped.Token);
        using var cmdlet = (OpsCmdlet)Activator.CreateInstance(call.Command.Type, nonPublic: true)!;
        cmdlet.Sink = sink;
        foreach (var parameter in call.Command.Parameters.Where(parameter => !parameter.IsSwitch && !parameter.IsCredential))
        {
            if (call.Values.TryGetValue(parameter.Name, out var value))
            {
                parameter.Property.SetValue(cmdlet, value);
            }
        }

        using var interrupt = OnSignal(PosixSignal.SIGINT, 2, cmdlet);
        using var terminate = OnSignal(PosixSignal.SIGTERM, 15, cmdlet);
        using var hangUp = OnSignal(PosixSignal.SIGHUP, 1, cmdlet);
        RunPhases(cmdlet, sink, readsInput);
        return _signal != 0 ? SignalBase + _signal : sink.ExitCode;
    }

    public void Dispose() => _stopped.Dispose();

    private void RunPhases(OpsCmdlet cmdlet, ConsoleSink sink, bool readsInput)
    {
        try
        {
            try
            {
                cmdlet.RunBegin();
                if (readsInput)
                {
                    RunItems(cmdlet, sink);
                }
                else if (!_stopped.IsCancellationRequested)
                {
                    cmdlet.RunProcess();
                }

                if (!_stopped.IsCancellationRequested)
                {
                    cmdlet.RunEnd();
                }
            }
            catch (CommandEndedException ended) when (ended.Error is not null)
            {
                sink.Fail(ended.Error);
            }
            catch (OperationCanceledException) when (_stopped.IsCancellationRequested)
            {
                // The signal ended it.
            }

            sink.ClearProgress();
            sink.Complete();
        }
        catch (CommandEndedException)
        {
            // Nobody reads the output any more, or it cannot be written.
        }
    }

    private void RunItems(OpsCmdlet cmdlet, ConsoleSink sink)
    {
        var binder = new PipelineBinder(call, cmdlet);
        var input = new InputReader(terminal.OpenInput(), call.Options.InputFormat);
        foreach (var item in input.Read(sink.WriteError, HintAtWaiting, _stopped.Token))
        {
            try
            {
                binder.Bind(item);
                CountConverted(sink);
            }
            catch (OpsException error)
            {
                sink.WriteError(error);
                continue;
            }

            cmdlet.RunProcess();
            if (_stopped.IsCancellationRequested)
            {
                return;
            }
        }
    }

    // What only changes its form on the way through still decides about the exit code: the text of a report has no status.
    private void CountConverted(ConsoleSink sink)
    {
        if (!call.Command.Name.StartsWith("ConvertTo-", StringComparison.OrdinalIgnoreCase))
        {
            return;
        }

        foreach (var parameter in call.Command.Parameters.Where(parameter => parameter.RoleIn(call.Set) is { ByValue: true }))
        {
            if (call.Values.TryGetValue(parameter.Name, out var value) && value is not null)
            {
                sink.CountHealth(value);
            }
        }
    }

    private void HintAtWaiting()
    {
        if (!call.Options.ReadsInput)
        {
            terminal.Error.WriteLine(
                $"opsrunbook: {call.Command.Name}: waiting for objects on standard input, because {string.Join(" and ", call.AwaitsFromPipeline.Select(parameter => "-" + parameter.Name))} is not given.");
        }
    }

    private PosixSignalRegistration? OnSignal(PosixSignal signal, int number, OpsCmdlet cmdlet)
    {
        return PosixSignalRegistration.Create(signal, context =>
        {
            // The first one lets the command close what it holds; a second one ends the process at once.
            if (Interlocked.CompareExchange(ref _signal, number, 0) != 0)
            {
                return;
            }

            context.Cancel = true;
            try
            {
                _stopped.Cancel();
                cmdlet.RunStop();
            }
            catch (ObjectDisposedException)
            {
                // It has ended by itself in this moment.
            }
        });
    }

    private IResultWriter MakeWriter() => call.Options.OutputFormat switch
    {
        OutputFormat.Json => new JsonResultWriter(terminal.Out, lines: false),
        OutputFormat.NdJson => new JsonResultWriter(terminal.Out, lines: true),
        OutputFormat.Csv => new CsvResultWriter(terminal.Out),
        var format => new TableWriter(terminal.Out, formatFile, terminal.Width, terminal.OutHasColours, terminal.OutIsTerminal, lists: format == OutputFormat.List),
    };
}
