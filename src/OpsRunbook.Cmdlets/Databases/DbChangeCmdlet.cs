using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Databases;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Cmdlets;

/// <summary>A cmdlet that changes something in a database. It never takes a database for granted where there are several.</summary>
public abstract class DbChangeCmdlet : ChangeCmdlet
{
    /// <summary>Names of databases of the stack, with wildcards. May be left out where there is only one.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [Alias("Database")]
    [ArgumentCompleter(typeof(StackMemberCompleter))]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <summary>Address of a database instead of a stack: <c>postgres://host:port/database</c>, <c>mysql://</c>, <c>mariadb://</c>, <c>mongodb://</c>.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] Uri { get; set; } = [];

    /// <summary>User and password for the addresses of -Uri, or to use instead of the stack's.</summary>
    [Parameter]
    [Credential]
    public PSCredential? Credential { get; set; }

    /// <summary>Longest wait for a connection and for an answer.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan Timeout { get; set; }

    /// <summary>Opens the stack, or a session on the addresses of -Uri.</summary>
    private protected async Task<StackSession> OpenAsync(IOperationOutput output, CancellationToken cancellationToken) =>
        Uri.Length > 0 ? DatabaseAddress.Open(Uri, Credentials(Credential)) : await OpenStackAsync(output, cancellationToken);

    /// <summary>The databases that are meant.</summary>
    /// <param name="session">The stack in use.</param>
    /// <param name="names">Names with wildcards.</param>
    /// <param name="output">Takes an error for each name that fits nothing.</param>
    /// <returns>The databases.</returns>
    /// <exception cref="OpsException"><c>Db.NameMissing</c>: there are several and none is named.</exception>
    private protected IReadOnlyList<DatabaseMember> Members(StackSession session, IReadOnlyList<string> names, IOperationOutput output)
    {
        var limit = IsBound(nameof(Timeout)) ? WaitingTime.Require(Timeout, nameof(Timeout)) : (TimeSpan?)null;
        var members = DatabaseMember.Select(session, names, limit, Uri.Length > 0 ? null : Credentials(Credential), output);
        return members.Count > 1 && names.Count == 0 && Uri.Length == 0
            ? throw new OpsException(
                "Db.NameMissing",
                OpsErrorKind.InvalidArgument,
                $"The stack '{session.Stack.Name}' has several databases: {string.Join(", ", members.Select(member => member.Name))}.",
                "Say which with -Name.")
            : members;
    }
}
