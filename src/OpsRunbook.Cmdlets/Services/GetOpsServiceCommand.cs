using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Services;

namespace OpsRunbook.Cmdlets;

/// <summary>Shows the services of a stack as their managers see them: state, process, restarts, memory, CPU.</summary>
[Cmdlet(VerbsCommon.Get, "OpsService")]
[OutputType(typeof(OpsService))]
public sealed class GetOpsServiceCommand : StackCmdlet
{
    private readonly List<string> _names = [];

    /// <summary>Names of members of the stack, with wildcards. Without it: all that a manager runs.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(StackMemberCompleter))]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <summary>Only services of these managers.</summary>
    [Parameter]
    public ServiceManagerKind[] Manager { get; set; } = [];

    /// <summary>How long CPU use is measured; 0 leaves it out.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan Sample { get; set; } = ServiceReader.DefaultSample;

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
        var targets = _names.Count == 0 ? ServiceTargets.Of(session.Stack) : ServiceTargets.Select(session.Stack, _names, output);
        await ServiceReader.ReadAsync(session, [.. targets.Where(target => Manager.Length == 0 || Manager.Contains(target.Manager))], Sample, output, cancellationToken);
    }
}
