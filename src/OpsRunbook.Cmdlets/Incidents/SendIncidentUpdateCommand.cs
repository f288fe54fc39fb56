using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Announcements;
using OpsRunbook.Engine.Incidents;
using OpsRunbook.Engine.Safety;

namespace OpsRunbook.Cmdlets;

/// <summary>Tells people how an incident stands, and notes it in the timeline.</summary>
[Cmdlet(VerbsCommunications.Send, "IncidentUpdate", SupportsShouldProcess = true)]
[OutputType(typeof(AnnouncementResult), typeof(OpsPlanStep))]
public sealed class SendIncidentUpdateCommand : IncidentCmdlet
{
    /// <summary>How it stands, in words.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    public string Text { get; set; } = string.Empty;

    /// <summary>Id of the incident. Without it: the open one.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string? Id { get; set; }

    /// <summary>How far it is. Without it: as the milestones say.</summary>
    [Parameter]
    public IncidentStatus Status { get; set; }

    /// <summary>When the next update comes: a duration such as 30m from now, or a moment.</summary>
    [Parameter]
    public object? NextUpdate { get; set; }

    /// <summary>Names of channels, with wildcards. Without it: those of <c>incident.announce</c>, else all that are for incidents.</summary>
    [Parameter]
    [SupportsWildcards]
    public string[] Channel { get; set; } = [];

    /// <inheritdoc/>
    protected override async Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        var next = LogMoment.Read(NextUpdate, nameof(NextUpdate), ahead: true, "Incident");
        await using var session = await OpenStackAsync(output, cancellationToken, discover: false);
        var changes = await OpenChangesAsync(session, output, cancellationToken);
        var log = new IncidentLog(session.State, session.Stack);
        var id = await log.FindAsync(Id, cancellationToken);
        var incident = (await log.GetAsync(candidate => candidate == id, onlyOpen: false, output, cancellationToken)).Single();
        var announcer = new Announcer(session);
        var channels = announcer.Choose(Channel.Length > 0 ? Channel : session.Stack.Incident?.Announce ?? [], "incident", output);
        var announcement = IncidentUpdate.Write(incident, IsBound(nameof(Status)) ? Status : incident.Status, CommandRedactor.RedactText(Text), next);
        var results = await AnnouncementChange.MakeAsync(announcer, changes, channels, announcement, _ => announcement.Text, output, cancellationToken);
        if (results.Count > 0)
        {
            var failed = results.Where(result => result.Status == HealthStatus.Critical).Select(result => result.Channel).ToList();
            var text = $"Update on {string.Join(", ", channels)}: {Text}{(failed.Count == 0 ? string.Empty : $" (failed: {string.Join(", ", failed)})")}";
            await log.AddAsync(id, new IncidentAddition(text) { IsUpdate = true, NextUpdate = next }, cancellationToken);
        }
    }
}
