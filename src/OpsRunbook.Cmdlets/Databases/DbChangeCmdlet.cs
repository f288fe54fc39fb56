using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Databases;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Cmdlets;

/// <summary>
/// A cmdlet that changes something in a database. It never takes a database for granted where there are several. Its class declares
/// <c>SupportsShouldProcess</c>.
/// </summary>
public abstract class DbChangeCmdlet : DbCmdlet
{
    /// <summary>Names of databases of the stack, with wildcards. May be left out where there is only one.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [Alias("Database")]
    [ArgumentCompleter(typeof(StackMemberCompleter))]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <inheritdoc cref="ChangeCmdlet.Reason"/>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Reason { get; set; }

    /// <inheritdoc cref="ChangeCmdlet.Force"/>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>The one road for the changes of this call. Settings that a killed command has left are put back first.</summary>
    private protected async Task<ChangeRunner> OpenChangesAsync(StackSession session, IOperationOutput output, CancellationToken cancellationToken)
    {
        var changes = await OpenChangesAsync(session, Reason, On(Force), output, cancellationToken);
        await TemporarySettings.FinishAsync(
            session, name => session.Stack.Databases.ContainsKey(name) ? Select(session, [name], output).FirstOrDefault(member => member.Name == name) : null, changes, output, cancellationToken);
        return changes;
    }

    /// <summary>The databases that are meant.</summary>
    /// <param name="session">The stack in use.</param>
    /// <param name="names">Names with wildcards.</param>
    /// <param name="output">Takes an error for each name that fits nothing.</param>
    /// <returns>The databases.</returns>
    /// <exception cref="OpsException"><c>Db.NameMissing</c>: there are several and none is named.</exception>
    private protected IReadOnlyList<DatabaseMember> Members(StackSession session, IReadOnlyList<string> names, IOperationOutput output)
    {
        var members = Select(session, names, output);
        return members.Count > 1 && names.Count == 0 && Uri.Length == 0
            ? throw new OpsException(
                "Db.NameMissing",
                OpsErrorKind.InvalidArgument,
                $"The stack '{session.Stack.Name}' has several databases: {string.Join(", ", members.Select(member => member.Name))}.",
                "Say which with -Name.")
            : members;
    }
}
