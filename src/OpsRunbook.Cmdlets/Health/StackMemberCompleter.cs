using System.Collections;
using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Health;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Cmdlets;

/// <summary>
/// Names of members of the stack file. It runs whenever the tab key is pressed, so it only reads a file,
/// never looks at the machine, and gives up soon.
/// </summary>
internal sealed class StackMemberCompleter : OpsCompleter
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);

    /// <inheritdoc/>
    internal override IEnumerable<string> Complete(IDictionary arguments)
    {
        var stack = arguments["Stack"] is PSObject wrapped ? wrapped.BaseObject : arguments["Stack"];
        try
        {
            using var limit = new CancellationTokenSource(Patience);
            return Task.Run(() => NamesAsync(stack, limit.Token), limit.Token).WaitAsync(limit.Token).GetAwaiter().GetResult();
        }
        catch (Exception error) when (error is OpsException or OperationCanceledException)
        {
            // Nobody can be told anything here; without names PowerShell simply completes nothing.
            return [];
        }
    }

    private static async Task<IReadOnlyList<string>> NamesAsync(object? reference, CancellationToken cancellationToken)
    {
        var folder = Environment.CurrentDirectory;
        reference = reference is OpsStack ? reference : await StackLocator.FindFileAsync(reference, folder, cancellationToken);
        if (reference is null)
        {
            return [];
        }

        var stack = await StackLocator.FindAsync(reference, folder, new SilentOutput(), cancellationToken);
        return HealthCheckFactory.Create(stack).Select(member => member.Name).Distinct(StringComparer.Ordinal).ToList();
    }

    private sealed class SilentOutput : IOperationOutput
    {
        public ValueTask WriteAsync(object item, CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public void Error(OpsException error)
        {
        }

        public void Warning(string message)
        {
        }

        public void Verbose(string message)
        {
        }

        public void Progress(string activity, string status, int? percent)
        {
        }

        public Task<bool> ConfirmAsync(string target, string action, CancellationToken cancellationToken) => Task.FromResult(false);
    }
}
