using System.Collections;
using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Backups;

namespace OpsRunbook.Cmdlets;

/// <summary>Gets rows out of a backup by a query.</summary>
[Cmdlet(VerbsData.Export, "DbBackupData", SupportsShouldProcess = true)]
[OutputType(typeof(PSObject), typeof(OpsPlanStep))]
public sealed class ExportDbBackupDataCommand : BackupChangeCmdlet
{
    /// <summary>Name of a backup of the stack.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(StackMemberCompleter))]
    [ValidateNotNullOrEmpty]
    public string Name { get; set; } = string.Empty;

    /// <summary>One statement that reads, with <c>@name</c> or <c>:name</c> where values belong.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ValidateNotNullOrEmpty]
    public string Query { get; set; } = string.Empty;

    /// <summary>Values by name.</summary>
    [Parameter]
    public Hashtable? Parameters { get; set; }

    /// <summary>Name of the set, with wildcards: the newest that fits. Without it: the newest.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    public string? Set { get; set; }

    /// <summary>Only these tables are restored, where the format allows.</summary>
    [Parameter]
    public string[] Table { get; set; } = [];

    /// <summary>Database of the stack on whose server the set is restored, instead of the one that was backed up.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Server { get; set; }

    /// <summary>Connections that load at once, for formats that can.</summary>
    [Parameter]
    [ValidateRange(1, 64)]
    public int Jobs { get; set; } = 2;

    /// <inheritdoc/>
    protected override async Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        await using var session = await OpenAsync(output, cancellationToken);
        var changes = await OpenChangesAsync(session, output, cancellationToken);
        var request = new BackupExportRequest(Query, QueryParameters.Of(Parameters))
        {
            Set = string.IsNullOrEmpty(Set) ? null : Set,
            Tables = Table,
            Server = Server,
            Jobs = Jobs,
        };
        foreach (var member in Select(session, [Name], output))
        {
            await AttemptAsync(output, () => new BackupExport(member, request, changes, output).RunAsync(cancellationToken));
        }
    }
}
