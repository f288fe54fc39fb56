using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Databases;

namespace OpsRunbook.Cmdlets;

/// <summary>Lists and changes the users of an application by the statements that its stack has for them.</summary>
[Cmdlet(VerbsCommon.Set, "AppUser", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High, DefaultParameterSetName = "List")]
[OutputType(typeof(AppUserChange), typeof(PSObject), typeof(OpsPlanStep))]
public sealed class SetAppUserCommand : DbChangeCmdlet
{
    private readonly List<(string[] Names, string? User)> _items = [];

    /// <summary>Users, as the application names them.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true, ParameterSetName = "Role")]
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true, ParameterSetName = "Disable")]
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true, ParameterSetName = "Enable")]
    [Alias("UserName")]
    [ValidateNotNullOrEmpty]
    public string[] User { get; set; } = [];

    /// <summary>Lists the users; this is what the command does without another switch.</summary>
    [Parameter(ParameterSetName = "List")]
    public SwitchParameter List { get; set; }

    /// <summary>Gives this role.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Role")]
    [ValidateNotNullOrEmpty]
    public string? Role { get; set; }

    /// <summary>Keeps the users out.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Disable")]
    public SwitchParameter Disable { get; set; }

    /// <summary>Lets the users in again.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Enable")]
    public SwitchParameter Enable { get; set; }

    /// <inheritdoc/>
    protected override Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        _items.AddRange(User.Length == 0 ? [(Name, null)] : User.Select(user => (Name, (string?)user)));
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    protected override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        await using var session = await OpenAsync(output, cancellationToken);
        AppUserAction? action = Role is not null ? AppUserAction.SetRole : On(Disable) ? AppUserAction.Disable : On(Enable) ? AppUserAction.Enable : null;
        var changes = action is null ? null : await OpenChangesAsync(session, output, cancellationToken);
        foreach (var (names, user) in _items)
        {
            foreach (var member in Members(session, names, output))
            {
                try
                {
                    var users = new AppUsers(member, output);
                    await (changes is null || user is null ? users.ListAsync(cancellationToken) : users.ChangeAsync(action!.Value, user, Role, changes, cancellationToken));
                }
                catch (OpsException error)
                {
                    output.Error(error);
                }
            }
        }
    }
}
