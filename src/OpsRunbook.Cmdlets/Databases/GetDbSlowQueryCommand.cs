using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Databases;

namespace OpsRunbook.Cmdlets;

/// <summary>Gets the statements that cost a database most.</summary>
[Cmdlet(VerbsCommon.Get, "DbSlowQuery")]
[OutputType(typeof(DbSlowQuery))]
public sealed class GetDbSlowQueryCommand : DbLookCmdlet
{
    /// <summary>How many, the worst first.</summary>
    [Parameter]
    [ValidateRange(1, 10000)]
    public int Top { get; set; } = 10;

    /// <summary>What is worst.</summary>
    [Parameter]
    public DbSlowQueryOrder OrderBy { get; set; }

    /// <summary>Only statements that take at least so long on average.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan Threshold { get; set; }

    /// <summary>Only statements that contain this regular expression.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Match { get; set; }

    /// <summary>Statements of every database of the server.</summary>
    [Parameter]
    public SwitchParameter AllDatabases { get; set; }

    private protected override Task RunAsync(DatabaseMember member, IOperationOutput output, CancellationToken cancellationToken)
    {
        var request = new SlowQueryRequest(Top, OrderBy, IsBound(nameof(Threshold)) ? Threshold : null, Match, On(AllDatabases));
        return new SlowQueryReader(member, request, output).RunAsync(cancellationToken);
    }
}
