using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Databases;

namespace OpsRunbook.Cmdlets;

/// <summary>Cancels the statement of a database's session, or ends its connection.</summary>
[Cmdlet(VerbsLifecycle.Stop, "DbSession", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(DbSessionStop), typeof(OpsPlanStep))]
public sealed class StopDbSessionCommand : DbChangeCmdlet
{
    private readonly List<(string[] Names, SeenSession Session)> _sessions = [];

    /// <summary>Number of the session.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true)]
    public long Id { get; set; }

    /// <summary>When the session began, which is checked again.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public DateTime? StartedAt { get; set; }

    /// <summary>When its server began, which is checked again.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public DateTime? ServerStartedAt { get; set; }

    /// <summary>Since when it was in its state, which is checked again.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public DateTime? StateSince { get; set; }

    /// <summary>Number of its operation (MongoDB), which is checked again.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public long? OperationId { get; set; }

    /// <summary>Ends the connection where cancelling the statement is not possible or not enough.</summary>
    [Parameter]
    public SwitchParameter Terminate { get; set; }

    /// <summary>How long a cancelled statement or an ended connection may take to go away.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan Wait { get; set; } = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    protected override Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        _sessions.Add((Name, new SeenSession(Id, Utc(StartedAt), Utc(ServerStartedAt), Utc(StateSince)) { OperationId = OperationId }));
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    protected override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        RequirePositive(Wait);
        await using var session = await OpenAsync(output, cancellationToken);
        var changes = await OpenChangesAsync(session, output, cancellationToken);
        var request = new SessionStopRequest(On(Terminate) || On(Force), On(Force), Wait);
        foreach (var group in _sessions.GroupBy(seen => string.Join('\n', seen.Names)))
        {
            foreach (var member in Members(session, group.First().Names, output))
            {
                try
                {
                    await new SessionStopper(member, request, changes, output).RunAsync([.. group.Select(seen => seen.Session)], cancellationToken);
                }
                catch (OpsException error)
                {
                    output.Error(error);
                }
            }
        }
    }

    private static DateTime? Utc(DateTime? time) => time is { Kind: DateTimeKind.Unspecified } plain ? DateTime.SpecifyKind(plain, DateTimeKind.Utc) : time?.ToUniversalTime();
}
