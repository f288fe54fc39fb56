using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Services;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Cmdlets;

/// <summary>A cmdlet that changes services of a stack. Names from the pipeline are gathered, so that all are done in their order.</summary>
public abstract class ServiceCmdlet : ChangeCmdlet
{
    private readonly List<string> _names = [];

    /// <summary>Names of members of the stack, with wildcards.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = "Name", ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(StackMemberCompleter))]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <summary>Longest time to wait until one service is healthy, or gone.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <inheritdoc/>
    protected override Task BeginAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        RequirePositive(Timeout);
        return Task.CompletedTask;
    }

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
        var targets = WholeStack ? ServiceTargets.Of(session.Stack) : ServiceTargets.Select(session.Stack, _names, output);
        await RunAsync(session, await OpenChangesAsync(session, output, cancellationToken, Timeout), targets, output, cancellationToken);
    }

    /// <summary>Every service of the stack is meant.</summary>
    private protected virtual bool WholeStack => false;

    /// <summary>Makes the changes.</summary>
    /// <param name="session">The stack in use.</param>
    /// <param name="changes">Their road.</param>
    /// <param name="targets">The services, in the order of the stack.</param>
    /// <param name="output">Takes the results.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>A task that ends with the last change.</returns>
    private protected abstract Task RunAsync(
        StackSession session, ChangeRunner changes, IReadOnlyList<ServiceTarget> targets, IOperationOutput output, CancellationToken cancellationToken);
}
