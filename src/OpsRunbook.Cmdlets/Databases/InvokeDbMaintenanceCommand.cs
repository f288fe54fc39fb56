using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Databases;

namespace OpsRunbook.Cmdlets;

/// <summary>Vacuums, analyzes, rebuilds, checks or repairs tables, one after the other.</summary>
[Cmdlet(VerbsLifecycle.Invoke, "DbMaintenance", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(DbMaintenanceResult), typeof(OpsPlanStep))]
public sealed class InvokeDbMaintenanceCommand : DbChangeCmdlet
{
    private static readonly TimeSpan TenSeconds = TimeSpan.FromSeconds(10);
    private readonly List<(string[] Names, string? Id)> _items = [];

    /// <summary>What is done to each table, in this order.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ValidateNotNullOrEmpty]
    public DbMaintenanceOperation[] Operation { get; set; } = [];

    /// <summary>Names of tables, with wildcards, with or without their schema; all of the database without it.</summary>
    [Parameter]
    [SupportsWildcards]
    public string[] Table { get; set; } = [];

    /// <summary>Schemas, with wildcards.</summary>
    [Parameter]
    [SupportsWildcards]
    public string[] Schema { get; set; } = [];

    /// <summary>Exactly this table, as Get-DbTable identifies it.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public string? Id { get; set; }

    /// <summary>Which table comes first.</summary>
    [Parameter]
    public DbMaintenanceOrder Order { get; set; }

    /// <summary>No table is begun after this time.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan MaxDuration { get; set; }

    /// <summary>Longest wait for a table that somebody else holds; 10 seconds unless given.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan LockTimeout { get; set; }

    /// <inheritdoc/>
    protected override Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        _items.Add((Name, string.IsNullOrEmpty(Id) ? null : Id));
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    protected override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        RequirePositive(MaxDuration);
        RequirePositive(LockTimeout);
        await using var session = await OpenAsync(output, cancellationToken);
        var changes = await OpenChangesAsync(session, output, cancellationToken);
        foreach (var group in _items.GroupBy(item => string.Join('\n', item.Names)))
        {
            var request = new MaintenanceRequest([.. Operation.Distinct()], new TableFilter(Table, Schema) { Ids = [.. group.Select(item => item.Id).OfType<string>()] })
            {
                Order = Order,
                MaxDuration = IsBound(nameof(MaxDuration)) ? MaxDuration : null,
                LockTimeout = IsBound(nameof(LockTimeout)) ? LockTimeout : TenSeconds,
            };
            foreach (var member in Members(session, group.First().Names, output))
            {
                try
                {
                    await new DatabaseMaintenance(member, request, changes, output).RunAsync(cancellationToken);
                }
                catch (OpsException error)
                {
                    output.Error(error);
                }
            }
        }
    }
}
