using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Databases;

namespace OpsRunbook.Cmdlets;

/// <summary>Lists indexes with their use, and says which could go or must be built anew.</summary>
[Cmdlet(VerbsCommon.Get, "DbIndex")]
[OutputType(typeof(DbIndex))]
public sealed class GetDbIndexCommand : DbLookCmdlet
{
    private static readonly TimeSpan TwoWeeks = TimeSpan.FromDays(14);

    /// <summary>Names of tables, with wildcards, with or without their schema.</summary>
    [Parameter(Position = 1)]
    [SupportsWildcards]
    public string[] Table { get; set; } = [];

    /// <summary>Schemas, with wildcards.</summary>
    [Parameter]
    [SupportsWildcards]
    public string[] Schema { get; set; } = [];

    /// <summary>Only indexes with this recommendation.</summary>
    [Parameter]
    public DbIndexAdvice[] Recommendation { get; set; } = [];

    /// <summary>How long the server must have counted before an index counts as not used; 14 days unless given.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan MinimumAge { get; set; }

    private protected override async Task RunAsync(DatabaseMember member, IOperationOutput output, CancellationToken cancellationToken)
    {
        RequirePositive(MinimumAge);
        var age = IsBound(nameof(MinimumAge)) ? MinimumAge : TwoWeeks;
        foreach (var index in await new DatabaseTables(member).ReadIndexesAsync(new TableFilter(Table, Schema), age, output, cancellationToken))
        {
            if (Recommendation.Length == 0 || Recommendation.Contains(index.Recommendation))
            {
                await output.WriteAsync(index, cancellationToken);
            }
        }
    }
}
