using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Containers;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Cmdlets;

/// <summary>A cmdlet that looks at the container engines of a stack, all of them at once.</summary>
public abstract class ContainerCmdlet : StackCmdlet
{
    private readonly List<string> _names = [];

    /// <summary>What to look at, with wildcards. Without it: everything.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(StackMemberCompleter))]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <summary>
    /// Hosts of the stack, with wildcards; <c>local</c> is this machine, and <c>ssh://[user@]host[:port]</c> one that the
    /// stack does not know. Without it: every host on which members of the stack run in containers.
    /// </summary>
    [Parameter]
    [Alias("ComputerName", "Host")]
    [ValidateNotNullOrEmpty]
    public string[] HostName { get; set; } = [];

    /// <inheritdoc/>
    protected sealed override Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        _names.AddRange(Name);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    protected sealed override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        await using var session = await OpenStackAsync(output, cancellationToken, discover: false);
        await using var hosts = HostSelection.Open(session, HostName.Length > 0 ? HostName : ContainerMembers.Hosts(session.Stack), output);
        var names = new NameFilter(_names);
        var answers = await Task.WhenAll(hosts.Hosts.Select(host => LookAsync(host, session.Stack, names, output, cancellationToken)));

        // What an engine that did not answer knows cannot be said to be unknown.
        foreach (var error in answers.All(answered => answered) ? names.Unused("Container.NotFound", What) : [])
        {
            output.Error(error);
        }
    }

    /// <summary>What the names stand for, in messages.</summary>
    private protected abstract string What { get; }

    /// <summary>Reads one engine.</summary>
    /// <param name="host">Its host.</param>
    /// <param name="stack">The stack in use.</param>
    /// <param name="names">Picks what is wanted.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>What to emit.</returns>
    private protected abstract Task<IReadOnlyList<object>> ReadAsync(IHost host, OpsStack stack, NameFilter names, CancellationToken cancellationToken);

    private async Task<bool> LookAsync(IHost host, OpsStack stack, NameFilter names, IOperationOutput output, CancellationToken cancellationToken)
    {
        try
        {
            foreach (var item in await ReadAsync(host, stack, names, cancellationToken))
            {
                await output.WriteAsync(item, cancellationToken);
            }

            return true;
        }
        catch (OpsException error)
        {
            // One engine that does not answer does not end the others' reports.
            output.Error(error);
            return false;
        }
    }
}
