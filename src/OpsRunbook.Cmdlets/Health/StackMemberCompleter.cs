using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Health;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Cmdlets;

/// <summary>
/// Completes names of members from the stack file. It runs at every press of the tab key, so it only reads
/// a file and never looks at the machine, and gives up soon.
/// </summary>
public sealed class StackMemberCompleter : IArgumentCompleter
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);

    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName,
        string parameterName,
        string wordToComplete,
        CommandAst commandAst,
        IDictionary fakeBoundParameters)
    {
        ArgumentNullException.ThrowIfNull(fakeBoundParameters);
        var stack = fakeBoundParameters["Stack"] is PSObject wrapped ? wrapped.BaseObject : fakeBoundParameters["Stack"];
        var word = (wordToComplete ?? string.Empty).Trim('\'', '"');
        try
        {
            using var limit = new CancellationTokenSource(Patience);
            return Task.Run(() => MembersAsync(stack, limit.Token), limit.Token).WaitAsync(limit.Token).GetAwaiter().GetResult()
                .Where(member => member.Name.StartsWith(word, StringComparison.OrdinalIgnoreCase))
                .Select(member => new CompletionResult(Quoted(member.Name), member.Name, CompletionResultType.ParameterValue, $"{member.Kind} {member.Name}"))
                .ToList();
        }
        catch (Exception error) when (error is OpsException or OperationCanceledException)
        {
            // Nobody can be told anything here; without candidates PowerShell simply completes nothing.
            return [];
        }
    }

    private static async Task<IEnumerable<HealthMember>> MembersAsync(object? stack, CancellationToken cancellationToken)
    {
        if (stack is not OpsStack)
        {
            stack = await StackLocator.FindFileAsync(stack, Environment.CurrentDirectory, cancellationToken);
        }

        return stack is null
            ? []
            : HealthCheckFactory.Create(await StackLocator.FindAsync(stack, Environment.CurrentDirectory, new SilentOutput(), cancellationToken));
    }

    private static string Quoted(string name) =>
        name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.') ? name : $"'{name.Replace("'", "''", StringComparison.Ordinal)}'";

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
