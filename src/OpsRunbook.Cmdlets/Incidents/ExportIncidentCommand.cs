using System.Management.Automation;
using System.Text;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Incidents;

namespace OpsRunbook.Cmdlets;

/// <summary>Writes an incident as a document: impact, timeline, root cause, fix, prevention, action items.</summary>
[Cmdlet(VerbsData.Export, "Incident", SupportsShouldProcess = true)]
[OutputType(typeof(string))]
public sealed class ExportIncidentCommand : StackCmdlet
{
    /// <summary>File to write. Without it the document is emitted as text.</summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    public string? Path { get; set; }

    /// <summary>Id of the incident. Without it: the open one.</summary>
    [Parameter(ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string? Id { get; set; }

    /// <summary>Kind of document. Without it: HTML for a file that is named so, else Markdown.</summary>
    [Parameter]
    public IncidentFormat Format { get; set; }

    /// <summary>Replace a file that is there.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

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
        if (Path is null)
        {
            await output.WriteAsync(text, cancellationToken);
            return;
        }

        var path = System.IO.Path.GetFullPath(Path, WorkingDirectory);
        if (File.Exists(path) && !On(Force))
        {
            throw new OpsException("Incident.FileExists", OpsErrorKind.Refused, $"{path} is there already.", "Choose another name, or replace it with -Force.", path);
        }

        if (await output.ConfirmAsync(path, $"Write the incident {id}", cancellationToken))
        {
            await session.Host(LocalHost.LocalName).WriteFileAsync(path, Encoding.UTF8.GetBytes(text), cancellationToken);
        }
    }
}
