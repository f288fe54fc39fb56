using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Databases;

namespace OpsRunbook.Cmdlets;

/// <summary>Lists tables with size, dead rows, bloat and when they were last looked after.</summary>
[Cmdlet(VerbsCommon.Get, "DbTable")]
[OutputType(typeof(DbTable))]
public sealed class GetDbTableCommand : DbLookCmdlet
{
    /// <summary>Names of tables, with wildcards, with or without their schema.</summary>
    [Parameter(Position = 1)]
    [SupportsWildcards]
    public string[] Table { get; set; } = [];

    /// <summary>Schemas, with wildcards.</summary>
    [Parameter]
    [SupportsWildcards]
    public string[] Schema { get; set; } = [];

    /// <summary>Only tables of this size and more.</summary>
    [Parameter]
    [SizeTransform]
    [ValidateRange(0, long.MaxValue)]
    public long MinSize { get; set; }

    private protected override async Task RunAsync(DatabaseMember member, IOperationOutput output, CancellationToken cancellationToken)
    {
        var filter = new TableFilter(Table, Schema) { MinimumBytes = MinSize };
        foreach (var table in await new DatabaseTables(member).ReadTablesAsync(filter, output, cancellationToken))
        {
            await output.WriteAsync(table, cancellationToken);
        }
    }
}
