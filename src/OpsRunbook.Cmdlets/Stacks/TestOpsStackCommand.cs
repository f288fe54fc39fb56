using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Cmdlets;

/// <summary>Checks a stack file: whether it is valid, its secrets can be read, and what it names answers.</summary>
[Cmdlet(VerbsDiagnostic.Test, "OpsStack")]
[OutputType(typeof(StackFinding))]
public sealed class TestOpsStackCommand : StackCmdlet
{
    /// <summary>Check the file alone: no secret is read and nothing is connected to.</summary>
    [Parameter]
    public SwitchParameter Offline { get; set; }

    /// <inheritdoc/>
    protected override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        var document = await ReadDocumentAsync(output, cancellationToken);
        if (document is { Problems.Count: > 0 })
        {
            return;
        }

        Stack = document?.Stack ?? Stack;
        await using var session = await OpenStackAsync(output, cancellationToken);
        if (document is not null)
        {
            await output.WriteAsync(
                new StackFinding { Status = HealthStatus.Healthy, Stack = session.Stack.Name, Key = "stack", Line = document.LineOf("stack"), Message = $"{document.Path} is valid" },
                cancellationToken);
        }

        if (!On(Offline))
        {
            var tester = new StackTester(session, document, output);
            await tester.TestSecretsAsync(cancellationToken);
            await tester.TestTargetsAsync(cancellationToken);
        }
    }

    /// <summary>Reads the file and emits what is wrong with it; null when there is no file.</summary>
    private async Task<StackDocument?> ReadDocumentAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        var reference = Stack is PSObject wrapped ? wrapped.BaseObject : Stack;
        if (reference is OpsStack || await StackLocator.FindFileAsync(reference, WorkingDirectory, cancellationToken) is not { } path)
        {
            return null;
        }

        var document = await StackLoader.ReadAsync(path, cancellationToken);
        foreach (var finding in StackTester.ProblemsOf(document))
        {
            await output.WriteAsync(finding, cancellationToken);
        }

        return document;
    }
}
