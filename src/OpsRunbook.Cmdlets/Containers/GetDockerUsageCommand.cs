using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Containers;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Cmdlets;

/// <summary>Lists images, writable layers, volumes, build cache and networks with their sizes and who uses them.</summary>
[Cmdlet(VerbsCommon.Get, "DockerUsage")]
[OutputType(typeof(DockerUsage))]
public sealed class GetDockerUsageCommand : ContainerCmdlet
{
    /// <summary>Only these kinds.</summary>
    [Parameter]
    public DockerUsageKind[] Kind { get; set; } = [];

    /// <inheritdoc/>
    private protected override string What => "image, container, volume, network, build cache or member of the stack";

    /// <inheritdoc/>
    private protected override async Task<IReadOnlyList<object>> ReadAsync(IHost host, OpsStack stack, NameFilter names, CancellationToken cancellationToken) =>
        await DockerUsages.ReadAsync(host, stack, Kind, names, cancellationToken);
}
