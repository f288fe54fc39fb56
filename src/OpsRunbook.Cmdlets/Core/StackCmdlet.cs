using System.Management.Automation;
using OpsRunbook.Engine;
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

    // SecretManagement is script, and script runs on the pipeline thread only.
    private static async ValueTask<string?> ReadVaultAsync(IOperationOutput output, string name, CancellationToken cancellationToken) =>
        await ((CmdletPump)output).AskAsync(sink => sink.ReadVault(name), cancellationToken);

    private static object? Unwrap(object? value) => value is PSObject wrapped ? wrapped.BaseObject : value;
}
