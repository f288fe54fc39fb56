using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Containers;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Cmdlets;

/// <summary>Shows what containers use: CPU, memory against their limit, network, block I/O, processes.</summary>
[Cmdlet(VerbsCommon.Get, "ContainerStat")]
[OutputType(typeof(ContainerStat))]
public sealed class GetContainerStatCommand : ContainerCmdlet
{
    /// <summary>Containers that do not run, too.</summary>
    [Parameter]
    public SwitchParameter All { get; set; }

    /// <inheritdoc/>
    private protected override string What => "container, compose service or member of the stack";

    /// <inheritdoc/>
    private protected override async Task<IReadOnlyList<object>> ReadAsync(IHost host, OpsStack stack, NameFilter names, CancellationToken cancellationToken) =>
        await ContainerStats.ReadAsync(host, stack, On(All), names, cancellationToken);
}
