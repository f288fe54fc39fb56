using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Disks;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Cmdlets;

/// <summary>Lists the largest files, and deleted ones that a process still holds.</summary>
[Cmdlet(VerbsCommon.Find, "LargeFile")]
[OutputType(typeof(LargeFile))]
public sealed class FindLargeFileCommand : DiskCmdlet
{
    /// <summary>Smallest allocated size.</summary>
    [Parameter]
    [SizeTransform]
    [ValidateRange(0, long.MaxValue)]
    public long MinSize { get; set; } = 100L << 20;

    /// <summary>Only files whose content has not changed for this long.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan OlderThan { get; set; }

    /// <summary>Only files of this user: a name or number of the host.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Owner { get; set; }

    /// <summary>How many files for each path.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int First { get; set; } = 20;

    /// <summary>Only deleted files that a process still holds.</summary>
    [Parameter]
    public SwitchParameter Deleted { get; set; }

    /// <inheritdoc/>
    private protected override Task RunAsync(IHost host, string path, IOperationOutput output, CancellationToken cancellationToken)
    {
        var filter = new FileFilter
        {
            MinimumBytes = MinSize,
            OlderThan = IsBound(nameof(OlderThan)) ? OlderThan : null,
            Owner = Owner,
            First = First,
            AllFileSystems = On(AllFileSystems),
            DeletedOnly = On(Deleted),
        };
        return DiskInspector.WriteLargeFilesAsync(host, path, filter, output, cancellationToken);
    }
}
