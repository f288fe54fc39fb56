using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Backups;

namespace OpsRunbook.Cmdlets;

/// <summary>Backs up databases and Redis servers.</summary>
[Cmdlet(VerbsData.Backup, "Database", SupportsShouldProcess = true)]
[OutputType(typeof(DbBackup), typeof(OpsPlanStep))]
public sealed class BackupDatabaseCommand : BackupChangeCmdlet
{
    private readonly List<string> _names = [];

    /// <summary>Names of backups of the stack, with wildcards. Without it: all of them.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(StackMemberCompleter))]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <summary>How the data is written; the best for the engine without it.</summary>
    [Parameter]
    public BackupFormat Format { get; set; }

    /// <summary>How it is compressed; the best for the format without it.</summary>
    [Parameter]
    public BackupCompression Compression { get; set; }

    /// <summary>Tables that are read at once, for the format PostgreSqlDirectory.</summary>
    [Parameter]
    [ValidateRange(1, 64)]
    public int Jobs { get; set; } = 2;

    /// <summary>Counts the rows of each table in the same snapshot, for later comparison.</summary>
    [Parameter]
    public SwitchParameter CountRows { get; set; }

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
        var changes = await OpenChangesAsync(session, output, cancellationToken);
        var request = new BackupRequest(IsBound(nameof(Format)) ? Format : null, IsBound(nameof(Compression)) ? Compression : null, Jobs, On(CountRows));
        foreach (var member in Select(session, _names, output))
        {
            await AttemptAsync(output, () => new BackupMaker(member, request, changes, output).RunAsync(cancellationToken));
        }
    }
}
