using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Databases;

namespace OpsRunbook.Cmdlets;

/// <summary>Lists the sessions of databases' clients.</summary>
[Cmdlet(VerbsCommon.Get, "DbSession")]
[OutputType(typeof(DbSession))]
public sealed class GetDbSessionCommand : DbLookCmdlet
{
    /// <summary>Only sessions in these states.</summary>
    [Parameter]
    public DbSessionState[] State { get; set; } = [];

    /// <summary>Only sessions that have waited for their client so long.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan IdleFor { get; set; }

    /// <summary>Only sessions whose statement has been running so long.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan RunningFor { get; set; }

    /// <summary>Only sessions of these users.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[] User { get; set; } = [];

    /// <summary>Only sessions of these applications.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[] Application { get; set; } = [];

    /// <summary>Only sessions from these addresses.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[] Address { get; set; } = [];

    /// <summary>Only sessions whose statement contains this regular expression.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Match { get; set; }

    /// <summary>Sessions of every database of the server.</summary>
    [Parameter]
    public SwitchParameter AllDatabases { get; set; }

    private protected override Task RunAsync(DatabaseMember member, IOperationOutput output, CancellationToken cancellationToken)
    {
        var filter = new SessionFilter
        {
            States = State,
            IdleFor = IsBound(nameof(IdleFor)) ? IdleFor : null,
            RunningFor = IsBound(nameof(RunningFor)) ? RunningFor : null,
            Users = User,
            Applications = Application,
            Addresses = Address,
            Match = Match,
        };
        return new SessionLister(member, filter, On(AllDatabases), output).RunAsync(cancellationToken);
    }
}
