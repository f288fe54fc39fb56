using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Announcements;

namespace OpsRunbook.Cmdlets;

/// <summary>Tells people something on the stack's channels.</summary>
[Cmdlet(VerbsCommunications.Send, "OpsAnnouncement", SupportsShouldProcess = true)]
[OutputType(typeof(AnnouncementResult), typeof(OpsPlanStep))]
public sealed class SendOpsAnnouncementCommand : ChangeCmdlet
{
    /// <summary>One line that says what it is about.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    public string Subject { get; set; } = string.Empty;

    /// <summary>The text.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipeline = true)]
    [ValidateNotNullOrEmpty]
    public string Text { get; set; } = string.Empty;

    /// <summary>Names of channels, with wildcards. Without it: all of the purpose.</summary>
    [Parameter]
    [SupportsWildcards]
    public string[] Channel { get; set; } = [];

    /// <summary>What it is about; channels that are for the other purpose are left out.</summary>
    [Parameter]
    [ValidateSet("incident", "maintenance")]
    public string? Purpose { get; set; }

    /// <inheritdoc/>
    protected override async Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        await using var session = await OpenStackAsync(output, cancellationToken, discover: false);
        var changes = await OpenChangesAsync(session, output, cancellationToken);
        var announcer = new Announcer(session);
        var channels = announcer.Choose(Channel, Purpose, output);
        await AnnouncementChange.MakeAsync(
            announcer, changes, channels, new Announcement(Subject, Text), channel => $"{session.Stack.Announce[channel].Kind}: {Subject}", output, cancellationToken);
    }
}
