using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Safety;

namespace OpsRunbook.Cmdlets;

/// <summary>Lists the guards that stand between a command and a change, and how each stands now.</summary>
[Cmdlet(VerbsCommon.Get, "OpsGuard")]
[OutputType(typeof(OpsGuard))]
public sealed class GetOpsGuardCommand : StackCmdlet
{
    private readonly List<string> _names = [];

    /// <summary>Names of guards, with wildcards. Without it: all of them.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <inheritdoc/>
    protected override Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        _names.AddRange(Name);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    protected override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        await using var session = await OpenStackAsync(output, cancellationToken);
        var filter = new NameFilter(_names);
        foreach (var guard in await new GuardList(session, output).ReadAsync(filter, cancellationToken))
        {
            await output.WriteAsync(guard, cancellationToken);
        }

        foreach (var error in filter.Unused("Guard.NotFound", "guard"))
        {
            output.Error(error);
        }
    }
}
