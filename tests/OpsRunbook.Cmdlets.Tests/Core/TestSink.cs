using System.Collections.Concurrent;
using System.Management.Automation;
using System.Net;

namespace OpsRunbook.Cmdlets.Tests;

/// <summary>Records what a cmdlet says, in order, and on which thread.</summary>
internal sealed class TestSink : ICmdletSink
{
    private readonly Thread _pipeline = Thread.CurrentThread;

    public ConcurrentQueue<string> Log { get; } = new();

    public ConcurrentQueue<object> Objects { get; } = new();

    public ConcurrentQueue<OpsException> Errors { get; } = new();

    public int ProgressCount { get; private set; }

    public Action<object>? OnObject { get; init; }

    public Action<OpsException>? OnError { get; init; }

    public Func<string, bool> Answer { get; init; } = _ => true;

    public bool IsWhatIf { get; init; }

    public string CommandName => "Test-Command";

    public string WorkingDirectory => "/";

    public void WriteObject(object item)
    {
        Say($"object {item}");
        Objects.Enqueue(item);
        OnObject?.Invoke(item);
    }

    public void WriteError(OpsException error)
    {
        Say($"error {error.Id}");
        Errors.Enqueue(error);
        OnError?.Invoke(error);
    }

    public Exception Terminate(OpsException error)
    {
        Say($"terminate {error.Id}");
        Errors.Enqueue(error);
        return new TerminatedException();
    }

    public void WriteWarning(string message) => Say($"warning {message}");

    public void WriteVerbose(string message) => Say($"verbose {message}");

    public void WriteDebug(string message) => Say("debug");

    public void WriteProgress(string activity, string status, int? percent, bool completed)
    {
        Say(completed ? "progress completed" : "progress");
        ProgressCount++;
    }

    public bool ShouldProcess(string target, string action)
    {
        Say($"ask {target}");
        return Answer(target);
    }

    public bool IsBound(string parameter) => false;

    public bool IsPresent(SwitchParameter value, string parameter) => false;

    public NetworkCredential? Credential(PSCredential? value, string parameter) => null;

    public Exception? RunScript(ScriptBlock script) => null;

    public void SayAfterStop(string message) => Log.Enqueue($"said {message}");

    public string? ReadVault(string name) => null;

    private void Say(string line)
    {
        Assert.Same(_pipeline, Thread.CurrentThread);
        Log.Enqueue(line);
    }
}

internal sealed class TerminatedException : OperationCanceledException;
