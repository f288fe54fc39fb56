using System.Collections.Concurrent;
using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Cmdlets;

/// <summary>Lists listening ports with who holds them, and which service of the stack wants them.</summary>
[Cmdlet(VerbsCommon.Get, "ListeningPort")]
[OutputType(typeof(ListeningPort))]
public sealed class GetListeningPortCommand : HostCmdlet
{
    /// <summary>Only these ports. One on which no host listens is an error, which names the service that wants it.</summary>
    [Parameter]
    [ValidateRange(1, 65535)]
    public int[] Port { get; set; } = [];

    /// <summary>Only <c>tcp</c> or only <c>udp</c>.</summary>
    [Parameter]
    [ValidateSet("tcp", "udp")]
    public string? Protocol { get; set; }

    /// <summary>Only ports that another process holds than the service of the stack that wants them.</summary>
    [Parameter]
    public SwitchParameter Conflict { get; set; }

    private readonly ConcurrentDictionary<(string Host, int Port), bool> _listening = new();

    /// <inheritdoc/>
    private protected override void Finish(IReadOnlyList<IHost> hosts, OpsStack stack, IOperationOutput output)
    {
        foreach (var port in Port.Distinct().Where(_ => !On(Conflict)))
        {
            var wanting = hosts.Where(host => PortInspector.IsWanted(host, stack, port)).ToList();
            var silent = wanting.Where(host => !_listening.ContainsKey((host.Name, port))).ToList();
            if (silent.Count == 0 && wanting.Count == 0 && !_listening.Keys.Any(known => known.Port == port))
            {
                silent = [.. hosts.Take(1)];
            }

            foreach (var host in silent)
            {
                output.Error(PortInspector.NothingListens(host, stack, port));
            }
        }
    }

    /// <inheritdoc/>
    private protected override async Task RunAsync(IHost host, OpsStack stack, IOperationOutput output, CancellationToken cancellationToken)
    {
        var ports = await PortInspector.GetPortsAsync(host, stack, cancellationToken);
        var onlyConflicts = On(Conflict);
        foreach (var port in ports.Where(port => (Port.Length == 0 || Port.Contains(port.Port))
            && (Protocol is null || port.Protocol.Equals(Protocol, StringComparison.OrdinalIgnoreCase))
            && (!onlyConflicts || port.Conflict == true)))
        {
            await output.WriteAsync(port, cancellationToken);
        }

        foreach (var port in ports)
        {
            _listening.TryAdd((host.Name, port.Port), true);
        }
    }
}
