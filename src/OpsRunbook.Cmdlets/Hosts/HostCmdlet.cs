using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Cmdlets;

/// <summary>A cmdlet that looks at the hosts of a stack, all of them at once.</summary>
public abstract class HostCmdlet : StackCmdlet
{
    private readonly List<string> _names = [];

    /// <summary>
    /// Hosts of the stack, with wildcards; <c>local</c> is this machine, and <c>ssh://[user@]host[:port]</c> one that the
    /// stack does not know. Without it: every host that the stack uses.
    /// </summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("ComputerName", "Host")]
    [ValidateNotNullOrEmpty]
    public string[] HostName { get; set; } = [];

    /// <inheritdoc/>
    protected sealed override Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        _names.AddRange(HostName);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    protected sealed override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        await using var session = await OpenStackAsync(output, cancellationToken, discover: false);
        await using var hosts = HostSelection.Open(session, _names, output);
        await Task.WhenAll(hosts.Hosts.Select(host => LookAsync(host, session.Stack, output, cancellationToken)));
        Finish(hosts.Hosts, session.Stack, output);
    }

    /// <summary>Refuses a sample that measures nothing or never ends.</summary>
    /// <param name="sample">The sample.</param>
    /// <param name="longest">Longest one that makes sense.</param>
    /// <returns>The sample.</returns>
    private protected static TimeSpan RequireSample(TimeSpan sample, TimeSpan longest) => sample > TimeSpan.Zero && sample <= longest
        ? sample
        : throw new OpsException(
            "Parameter.OutOfRange",
            OpsErrorKind.InvalidArgument,
            $"A sample of {Duration.Format(sample)} cannot be taken.",
            $"Give a time above zero and up to {Duration.Format(longest)}, for example 500ms or 5s.",
            sample);

    /// <summary>Looks at one host and emits what there is to say.</summary>
    /// <param name="host">The host.</param>
    /// <param name="stack">The stack in use.</param>
    /// <param name="output">Takes the results.</param>
    /// <param name="cancellationToken">Ends the look.</param>
    /// <returns>A task that ends with the last result.</returns>
    private protected abstract Task RunAsync(IHost host, OpsStack stack, IOperationOutput output, CancellationToken cancellationToken);

    /// <summary>Says what can only be said when all hosts have been looked at.</summary>
    /// <param name="hosts">The hosts.</param>
    /// <param name="stack">The stack in use.</param>
    /// <param name="output">Takes errors.</param>
    private protected virtual void Finish(IReadOnlyList<IHost> hosts, OpsStack stack, IOperationOutput output)
    {
    }

    private async Task LookAsync(IHost host, OpsStack stack, IOperationOutput output, CancellationToken cancellationToken)
    {
        try
        {
            await RunAsync(host, stack, output, cancellationToken);
        }
        catch (OpsException error)
        {
            // One host that cannot be reached does not end the others' reports.
            output.Error(error);
        }
    }
}
