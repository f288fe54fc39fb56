using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Cmdlets;

/// <summary>Gets the stack that commands would work on here, or its members.</summary>
[Cmdlet(VerbsCommon.Get, "OpsStack")]
[OutputType(typeof(OpsStack), typeof(StackMember))]
public sealed class GetOpsStackCommand : StackCmdlet
{
    /// <summary>Emit the members of the stack, one object each, instead of the stack.</summary>
    [Parameter]
    public SwitchParameter Member { get; set; }

    /// <inheritdoc/>
    protected override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        await using var session = await OpenStackAsync(output, cancellationToken);
        if (!On(Member))
        {
            await output.WriteAsync(session.Stack, cancellationToken);
            return;
        }

        foreach (var member in StackMembers.Of(session.Stack))
        {
            await output.WriteAsync(member, cancellationToken);
        }
    }
}
