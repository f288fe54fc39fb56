using System.Management.Automation;
using System.Text;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Cmdlets;

/// <summary>A cmdlet that writes a document to a file, or emits it as text. Its class declares <c>SupportsShouldProcess</c>.</summary>
public abstract class ExportCmdlet : StackCmdlet
{
    /// <summary>File to write. Without it the document is emitted as text.</summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    public string? Path { get; set; }

    /// <summary>Replace a file that is there.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Writes or emits the document.</summary>
    /// <param name="session">The stack in use.</param>
    /// <param name="text">The document.</param>
    /// <param name="area">First part of the id of an error.</param>
    /// <param name="action">What is asked before a file is written.</param>
    /// <param name="output">Takes the text and the question.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>A task that ends when it is written.</returns>
    /// <exception cref="OpsException"><c>AREA.FileExists</c>.</exception>
    private protected async Task ExportAsync(StackSession session, string text, string area, string action, IOperationOutput output, CancellationToken cancellationToken)
    {
        if (Path is null)
        {
            await output.WriteAsync(text, cancellationToken);
            return;
        }

        var path = System.IO.Path.GetFullPath(Path, WorkingDirectory);
        if (File.Exists(path) && !On(Force))
        {
            throw new OpsException($"{area}.FileExists", OpsErrorKind.Refused, $"{path} is there already.", "Choose another name, or replace it with -Force.", path);
        }

        if (await output.ConfirmAsync(path, action, cancellationToken))
        {
            await session.Host(LocalHost.LocalName).WriteFileAsync(path, Encoding.UTF8.GetBytes(text), cancellationToken);
        }
    }
}
