using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Disks.Cleaning;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Cmdlets;

/// <summary>Makes room on a disk, from what is missed least on, until the target is reached.</summary>
[Cmdlet(VerbsCommon.Clear, "DiskSpace", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(DiskCleanupItem), typeof(DiskCleanup))]
public sealed class ClearDiskSpaceCommand : ChangeCmdlet
{
    private readonly List<string> _paths = [];

    /// <summary>Used part that is wanted, such as <c>75%</c>. Without it: where the stack's warning begins.</summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    public string? Target { get; set; }

    /// <summary>Paths on the file systems that are meant. Without it: every one of the host that is above the target.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    /// <summary>Only these categories.</summary>
    [Parameter]
    public DiskCleanupCategory[] Category { get; set; } = [];

    /// <summary>What is riskier is left alone.</summary>
    [Parameter]
    public DiskCleanupRisk MaxRisk { get; set; } = DiskCleanupRisk.Medium;

    /// <summary>Files and folders of logs beside those of the stack: absolute paths, with wildcards.</summary>
    [Parameter]
    [SupportsWildcards]
    public string[] LogPath { get; set; } = [];

    /// <summary>Older parts of logs are kept for so long, where the stack says nothing.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan KeepLogs { get; set; } = TimeSpan.FromDays(7);

    /// <summary>Temporary files are kept for so long after they were last used. Without it: 10 days in <c>/tmp</c>, 30 in <c>/var/tmp</c>.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan KeepTemporary { get; set; }

    /// <summary>Containers that have ended are kept for so long.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan KeepContainers { get; set; } = TimeSpan.FromDays(1);

    /// <summary>Images of each service that are kept beside the current one.</summary>
    [Parameter]
    [ValidateRange(0, 1000)]
    public int KeepImages { get; set; } = 1;

    /// <summary>Smaller things are left alone.</summary>
    [Parameter]
    [SizeTransform]
    [ValidateRange(0, long.MaxValue)]
    public long MinSize { get; set; } = 1L << 20;

    /// <summary>Hosts of the stack, with wildcards; <c>local</c> is this machine. Without it: this machine.</summary>
    [Parameter]
    [Alias("ComputerName", "Host")]
    [ValidateNotNullOrEmpty]
    public string[] HostName { get; set; } = [LocalHost.LocalName];

    /// <inheritdoc/>
    protected override Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        _paths.AddRange(Path);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    protected override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        RequirePositive(KeepLogs);
        var target = Target is null ? (double?)null : DiskCleaner.ParseTarget(Target);
        await using var session = await OpenStackAsync(output, cancellationToken);
        var request = new DiskCleanupRequest
        {
            TargetPercent = target ?? session.Stack.Thresholds.Disk.Warning ?? 80,
            Categories = Category,
            MostRisk = MaxRisk,
            Logs = LogPath,
            KeepLogs = KeepLogs,
            KeepTemporary = IsBound(nameof(KeepTemporary)) ? KeepTemporary : null,
            KeepContainers = KeepContainers,
            KeepImages = KeepImages,
            SmallestBytes = MinSize,
        };
        await using var hosts = HostSelection.Open(session, HostName, output);
        var changes = await OpenChangesAsync(session, output, cancellationToken);
        foreach (var host in hosts.Hosts)
        {
            try
            {
                var paths = host is LocalHost ? _paths.ConvertAll(path => System.IO.Path.GetFullPath(path, WorkingDirectory)) : _paths;
                await new DiskCleaner(session, request with { Paths = paths }, changes, output).RunAsync(host, cancellationToken);
            }
            catch (OpsException error)
            {
                // A host that is away does not keep the others from being cleaned up.
                output.Error(error);
            }
        }
    }
}
