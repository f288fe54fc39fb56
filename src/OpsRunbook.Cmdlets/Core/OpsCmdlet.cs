using System.Management.Automation;
using System.Net;
using System.Runtime.CompilerServices;
using OpsRunbook.Engine;

namespace OpsRunbook.Cmdlets;

/// <summary>
/// Base of every cmdlet and the one place that knows PowerShell. A cmdlet overrides one or more of
/// <see cref="BeginAsync"/>, <see cref="ProcessAsync"/> and <see cref="EndAsync"/>; what it writes to the
/// output arrives on the pipeline as it is ready.
/// </summary>
/// <remarks>
/// A failure in <see cref="ProcessAsync"/> is about one pipeline item and does not end the command;
/// one in <see cref="BeginAsync"/> or <see cref="EndAsync"/> is about the call and ends it.
/// </remarks>
public abstract class OpsCmdlet : PSCmdlet, IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private ICmdletSink? _sink;

    /// <summary>What runs the cmdlet. The console runner sets its own; otherwise it is PowerShell.</summary>
    internal ICmdletSink Sink
    {
        get => _sink ??= new PowerShellSink(this);
        set => _sink = value;
    }

    /// <summary>Folder that relative paths are relative to.</summary>
    protected string WorkingDirectory => Sink.WorkingDirectory;

    /// <summary>Longest time that the command may take after Ctrl+C to put back what it must; null for a few seconds.</summary>
    private protected virtual TimeSpan? StopPatience => null;

    /// <summary>What the operator is told when Ctrl+C has ended the command; null for nothing.</summary>
    private protected string? Parting { get; set; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Calls the cmdlet's three phases and its end, for a runner that is not PowerShell.</summary>
    internal void RunBegin() => BeginProcessing();

    internal void RunProcess() => ProcessRecord();

    internal void RunEnd() => EndProcessing();

    internal void RunStop() => StopProcessing();

    /// <summary>Runs once before the first pipeline item.</summary>
    /// <param name="output">Takes results, errors and questions.</param>
    /// <param name="cancellationToken">Cancelled when the pipeline stops.</param>
    /// <returns>A task that ends with the phase.</returns>
    protected virtual Task BeginAsync(IOperationOutput output, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Runs for every pipeline item.</summary>
    /// <param name="output">Takes results, errors and questions.</param>
    /// <param name="cancellationToken">Cancelled when the pipeline stops.</param>
    /// <returns>A task that ends with the item.</returns>
    protected virtual Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Runs once after the last pipeline item.</summary>
    /// <param name="output">Takes results, errors and questions.</param>
    /// <param name="cancellationToken">Cancelled when the pipeline stops.</param>
    /// <returns>A task that ends with the phase.</returns>
    protected virtual Task EndAsync(IOperationOutput output, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    protected sealed override void BeginProcessing() => Run(nameof(BeginAsync), BeginAsync, endsCommand: true);

    /// <inheritdoc/>
    protected sealed override void ProcessRecord() => Run(nameof(ProcessAsync), ProcessAsync, endsCommand: false);

    /// <inheritdoc/>
    protected sealed override void EndProcessing() => Run(nameof(EndAsync), EndAsync, endsCommand: true);

    /// <inheritdoc/>
    protected sealed override void StopProcessing() => _stop.Cancel();

    /// <summary>Releases what the cmdlet holds.</summary>
    /// <param name="disposing">True when called by <see cref="Dispose()"/>.</param>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
        {
            _stop.Dispose();
        }
    }

    /// <summary>True when the switch was given. Read switches through this: without PowerShell the value itself says nothing.</summary>
    /// <param name="value">The switch property.</param>
    /// <param name="parameter">Its name; filled in by the compiler.</param>
    /// <returns>True when it is on.</returns>
    protected bool On(SwitchParameter value, [CallerArgumentExpression(nameof(value))] string parameter = "") =>
        Sink.IsPresent(value, parameter);

    /// <summary>True when the caller gave the parameter.</summary>
    /// <param name="parameter">Name of the property.</param>
    /// <returns>True when it is bound.</returns>
    protected bool IsBound(string parameter) => Sink.IsBound(parameter);

    /// <summary>Refuses a time of zero or less, where the caller gave one.</summary>
    /// <param name="value">The property.</param>
    /// <param name="parameter">Its name; filled in by the compiler.</param>
    /// <exception cref="OpsException"><c>Parameter.OutOfRange</c>.</exception>
    protected void RequirePositive(TimeSpan value, [CallerArgumentExpression(nameof(value))] string parameter = "")
    {
        if (IsBound(parameter) && value <= TimeSpan.Zero)
        {
            throw new OpsException(
                "Parameter.OutOfRange", OpsErrorKind.InvalidArgument, $"-{parameter} must be longer than nothing.", "Write for example 10s or 5m.", value);
        }
    }

    /// <summary>User and password of a credential parameter.</summary>
    /// <param name="value">The credential property.</param>
    /// <param name="parameter">Its name; filled in by the compiler.</param>
    /// <returns>Null when none was given.</returns>
    private protected NetworkCredential? Credentials(PSCredential? value, [CallerArgumentExpression(nameof(value))] string parameter = "") =>
        Sink.Credential(value, parameter);

    private void Run(string phase, Func<IOperationOutput, CancellationToken, Task> work, bool endsCommand)
    {
        // A phase that the cmdlet does not override costs no thread switch, item after item.
        if (work.Method.DeclaringType == typeof(OpsCmdlet))
        {
            return;
        }

        try
        {
            CmdletPump.Run(Sink, work, _stop.Token, StopPatience);
        }
        catch (OpsException error)
        {
            Report(error, endsCommand);
        }
        catch (Exception error) when (IsDefect(error))
        {
            Sink.WriteDebug(error.ToString());
            Report(
                new OpsException(
                    "Unexpected",
                    OpsErrorKind.Unexpected,
                    $"{Sink.CommandName} failed in {phase} with {error.GetType().Name}: {error.Message}",
                    "This is a defect of OpsRunbook. Repeat the call with -Debug and report what it prints.",
                    innerException: error),
                endsCommand);
        }
        finally
        {
            if (Parting is { } said)
            {
                Parting = null;
                Sink.SayAfterStop(said);
            }
        }
    }

    // PowerShell steers its pipeline with exceptions of its own (PipelineStoppedException,
    // ActionPreferenceStopException for -ErrorAction Stop); they must pass.
    private static bool IsDefect(Exception error) => error is not RuntimeException and not OperationCanceledException
        && !string.Equals(error.GetType().Assembly.GetName().Name, typeof(PSCmdlet).Assembly.GetName().Name, StringComparison.Ordinal);

    private void Report(OpsException error, bool endsCommand)
    {
        if (endsCommand)
        {
            throw Sink.Terminate(error);
        }

        Sink.WriteError(error);
    }
}
