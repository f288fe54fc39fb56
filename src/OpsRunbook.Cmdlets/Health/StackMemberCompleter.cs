using System.Collections;
using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Health;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Cmdlets;

/// <summary>
/// Completes names of members from the stack file. It runs at every press of the tab key, so it only reads
/// a file and never looks at the machine, and gives up soon.
/// </summary>
public sealed class StackMemberCompleter : OpsCompleter
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);

    /// <inheritdoc/>
    protected internal override IEnumerable<string> Complete(IDictionary arguments)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        var stack = arguments["Stack"] is PSObject wrapped ? wrapped.BaseObject : arguments["Stack"];
        var directory = WorkingDirectory;
        try
        {
            using var limit = new CancellationTokenSource(Patience);
            return Task.Run(() => MembersAsync(stack, directory, limit.Token), limit.Token).WaitAsync(limit.Token).GetAwaiter().GetResult();
        }
        catch (Exception error) when (error is OpsException or OperationCanceledException)
        {
            // Nobody can be told anything here; without candidates PowerShell simply completes nothing.
            return [];
        }
    }

    private static async Task<IEnumerable<string>> MembersAsync(object? stack, string directory, CancellationToken cancellationToken)
    {
        if (stack is not OpsStack)
        {
            stack = await StackLocator.FindFileAsync(stack, directory, cancellationToken);
        }

        return stack is null
            ? []
            : HealthCheckFactory.Create(await StackLocator.FindAsync(stack, directory, SilentOutput.Instance, cancellationToken)).Select(member => member.Name).Distinct(StringComparer.Ordinal).ToList();
    }
}
