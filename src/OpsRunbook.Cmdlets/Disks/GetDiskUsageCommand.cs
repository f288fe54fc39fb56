using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Disks;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Cmdlets;

/// <summary>Lists the folders that take most space.</summary>
[Cmdlet(VerbsCommon.Get, "DiskUsage")]
[OutputType(typeof(DiskUsage))]
public sealed class GetDiskUsageCommand : DiskCmdlet
{
    /// <summary>Levels of folders that are told apart; 0 for the whole only.</summary>
    [Parameter]
    [ValidateRange(0, DiskInspector.DeepestLevel)]
    public int Depth { get; set; } = 1;

    /// <summary>How many folders for each path.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int First { get; set; } = 20;

    /// <inheritdoc/>
    private protected override Task RunAsync(IHost host, string path, IOperationOutput output, CancellationToken cancellationToken) =>
        DiskInspector.WriteUsageAsync(host, path, Depth, First, On(AllFileSystems), output, cancellationToken);
}
