using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Incidents;

namespace OpsRunbook.Cmdlets;

/// <summary>Writes an incident as a document: impact, timeline, root cause, fix, prevention, action items.</summary>
[Cmdlet(VerbsData.Export, "Incident", SupportsShouldProcess = true)]
[OutputType(typeof(string))]
public sealed class ExportIncidentCommand : ExportCmdlet
{
    /// <summary>Id of the incident. Without it: the open one.</summary>
    [Parameter(ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string? Id { get; set; }

    /// <summary>Kind of document. Without it: HTML for a file that is named so, else Markdown.</summary>
    [Parameter]
    public IncidentFormat Format { get; set; }

    /// <inheritdoc/>
    protected override async Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        await using var session = await OpenStackAsync(output, cancellationToken, discover: false);
        var log = new IncidentLog(session.State, session.Stack);
        var id = await log.FindAsync(Id, cancellationToken);
        var isHtml = System.IO.Path.GetExtension(Path) is { } extension && (extension.Equals(".html", StringComparison.OrdinalIgnoreCase) || extension.Equals(".htm", StringComparison.OrdinalIgnoreCase));
        var format = IsBound(nameof(Format)) ? Format : isHtml ? IncidentFormat.Html : IncidentFormat.Markdown;
        var incident = (await log.GetAsync(candidate => candidate == id, onlyOpen: false, output, cancellationToken)).Single();
        var text = IncidentReport.Write(incident, format);
        await ExportAsync(session, text, "Incident", $"Write the incident {id}", output, cancellationToken);
    }
}
