using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Cmdlets;

/// <summary>A cmdlet that looks at folders of hosts.</summary>
public abstract class DiskCmdlet : StackCmdlet
{
    private readonly List<string> _paths = [];

    /// <summary>Folders to look into. Without it: the current folder on this machine, <c>/</c> on another one.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    /// <summary>
    /// Hosts of the stack, with wildcards; <c>local</c> is this machine, and <c>ssh://[user@]host[:port]</c> one that the
    /// stack does not know. Without it: this machine.
    /// </summary>
    [Parameter]
    [Alias("ComputerName", "Host")]
    [ValidateNotNullOrEmpty]
    public string[] HostName { get; set; } = [LocalHost.LocalName];

    /// <summary>Go into other file systems that are mounted below too.</summary>
    [Parameter]
    public SwitchParameter AllFileSystems { get; set; }

    /// <inheritdoc/>
    protected sealed override Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        _paths.AddRange(Path);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    protected sealed override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        await using var session = await OpenStackAsync(output, cancellationToken, discover: false);
        await using var hosts = HostSelection.Open(session, HostName, output);
        await Task.WhenAll(hosts.Hosts.Select(host => LookAsync(host, output, cancellationToken)));
    }

    /// <summary>Looks into one folder and emits what there is to say.</summary>
    /// <param name="host">The host.</param>
    /// <param name="path">Absolute path.</param>
    /// <param name="output">Takes the results.</param>
    /// <param name="cancellationToken">Ends the look.</param>
    /// <returns>A task that ends with the last result.</returns>
    private protected abstract Task RunAsync(IHost host, string path, IOperationOutput output, CancellationToken cancellationToken);

    private async Task LookAsync(IHost host, IOperationOutput output, CancellationToken cancellationToken)
    {
        var isHere = host is LocalHost;
        foreach (var path in _paths.Count > 0 ? _paths : [isHere ? "." : "/"])
        {
            try
            {
                await RunAsync(host, isHere ? System.IO.Path.GetFullPath(path, WorkingDirectory) : path, output, cancellationToken);
            }
            catch (OpsException error)
            {
                // One folder that cannot be looked into does not end the look into the others.
                output.Error(error);
            }
        }
    }
}
