using System.Collections;
using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Databases;

namespace OpsRunbook.Cmdlets;

/// <summary>Runs one statement and makes objects of its rows. It cannot write unless asked to.</summary>
[Cmdlet(VerbsLifecycle.Invoke, "DbQuery", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(PSObject), typeof(DbWriteResult), typeof(OpsPlanStep))]
public sealed class InvokeDbQueryCommand : DbChangeCmdlet
{
    /// <summary>One statement, with <c>@name</c> or <c>:name</c> where values belong.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ValidateNotNullOrEmpty]
    public string Query { get; set; } = string.Empty;

    /// <summary>Values by name.</summary>
    [Parameter]
    public Hashtable? Parameters { get; set; }

    /// <summary>Rows to give at most.</summary>
    [Parameter]
    [Alias("MaxRows")]
    [ValidateRange(1, long.MaxValue)]
    public long First { get; set; }

    /// <summary>The statement may write. It is asked for, runs in one transaction and is recorded.</summary>
    [Parameter]
    public SwitchParameter AllowWrite { get; set; }

    /// <inheritdoc/>
    protected override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        await using var session = await OpenAsync(output, cancellationToken);
        var request = new DbQueryRequest(Query, QueryParameters.Of(Parameters)) { First = First };
        var changes = On(AllowWrite) ? await OpenChangesAsync(session, output, cancellationToken) : null;
        foreach (var member in Members(session, Name, output))
        {
            try
            {
                var query = new DatabaseQuery(member, output);
                await (changes is null ? query.ReadAsync(request, cancellationToken) : query.WriteAsync(request, changes, cancellationToken));
            }
            catch (OpsException error)
            {
                output.Error(error);
            }
        }
    }
}
