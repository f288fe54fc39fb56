using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Environments;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Cmdlets;

/// <summary>A cmdlet that works on a stack.</summary>
public abstract class StackCmdlet : OpsCmdlet
{
    /// <summary>
    /// Path of a stack file, name of a stack, or an <see cref="OpsStack"/>. Without it:
    /// <c>$OPSRUNBOOK_STACK</c>, <c>opsrunbook.yaml</c> here or above, the user's configuration folder,
    /// and at last what is found on this machine.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public object? Stack { get; set; }

    /// <summary>Opens the stack. The caller disposes the session, which closes every connection.</summary>
    /// <param name="output">Takes warnings about the stack file.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <param name="discover">Without a stack file, find out what runs here; else the stack is empty, which is quicker.</param>
    /// <returns>The stack in use.</returns>
    /// <exception cref="OpsException">The stack cannot be found or is not valid.</exception>
    private protected async Task<StackSession> OpenStackAsync(IOperationOutput output, CancellationToken cancellationToken, bool discover = true)
    {
        var reference = Unwrap(Stack);
        var stack = !discover && reference is null && await StackLocator.FindFileAsync(null, WorkingDirectory, cancellationToken) is null
            ? new OpsStack { Name = Environment.MachineName }
            : await StackLocator.FindAsync(reference, WorkingDirectory, output, cancellationToken);
        return new StackSession(stack, new SecretResolver((name, token) => ReadVaultAsync(output, name, token)));
    }

    /// <summary>The one road for the changes of this call. What was to be put back before now, and was not, is put back first.</summary>
    /// <param name="session">The stack in use.</param>
    /// <param name="reason">Why the change is made; null when nobody says.</param>
    /// <param name="force">Guards that refuse are overridden.</param>
    /// <param name="output">Takes plans, questions and warnings.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <param name="timeout">Longest time to wait for one service that something is put back for; two minutes without it.</param>
    /// <returns>A runner for this call.</returns>
    private protected async Task<ChangeRunner> OpenChangesAsync(
        StackSession session, string? reason, bool force, IOperationOutput output, CancellationToken cancellationToken, TimeSpan? timeout = null)
    {
        var changes = new ChangeRunner(output, session.State, new ChangeOrigin(Sink.CommandName, session.Stack.Name, reason, force));
        await ServiceEnvironmentSetter.RevertDueAsync(session, changes, output, timeout ?? TimeSpan.FromMinutes(2), cancellationToken);
        return changes;
    }

    // SecretManagement is script, and script runs on the pipeline thread only.
    private static async ValueTask<string?> ReadVaultAsync(IOperationOutput output, string name, CancellationToken cancellationToken) =>
        await ((CmdletPump)output).AskAsync(sink => sink.ReadVault(name), cancellationToken);

    private static object? Unwrap(object? value) => value is PSObject wrapped ? wrapped.BaseObject : value;
}
