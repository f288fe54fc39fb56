using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Backups;

namespace OpsRunbook.Cmdlets;

/// <summary>Lists the sets of backups with their age, size and tests.</summary>
[Cmdlet(VerbsCommon.Get, "DbBackup")]
[OutputType(typeof(DbBackup))]
public sealed class GetDbBackupCommand : BackupCmdlet
{
    private readonly List<string> _names = [];

    /// <summary>Names of backups of the stack, with wildcards. Without it: all of them.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(StackMemberCompleter))]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <summary>Only the newest complete set of each backup.</summary>
    [Parameter]
    public SwitchParameter Newest { get; set; }

    /// <summary>Only sets that were restored as a test and found whole.</summary>
    [Parameter]
    public SwitchParameter Verified { get; set; }

    /// <summary>What is no set of the backup too: other files and folders, links.</summary>
    [Parameter]
    public SwitchParameter All { get; set; }

    /// <inheritdoc/>
    protected override Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        _names.AddRange(Name);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    protected override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        await using var session = await OpenAsync(output, cancellationToken);
        var query = new BackupQuery(On(Newest), On(Verified), On(All));
        await Task.WhenAll(Select(session, _names, output).Select(member => AttemptAsync(output, () => new BackupLister(member, query, output).RunAsync(cancellationToken))));
    }
}
