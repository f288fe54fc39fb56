using System.Management.Automation;
using System.Text;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Monitoring;

namespace OpsRunbook.Cmdlets;

/// <summary>Writes the alerts and limits of a stack as rules for Prometheus.</summary>
[Cmdlet(VerbsData.Export, "AlertRule", SupportsShouldProcess = true)]
[OutputType(typeof(string))]
public sealed class ExportAlertRuleCommand : StackCmdlet
{
    /// <summary>File to write. Without it the rules are emitted as text.</summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    public string? Path { get; set; }

    /// <summary>How often Prometheus scrapes; "three checks in a row" becomes a time by it.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan ScrapeInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Replace a file that is there.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        RequirePositive(ScrapeInterval);
        await using var session = await OpenStackAsync(output, cancellationToken, discover: false);
        var rules = new AlertRules(session.Stack, ScrapeInterval);
        var text = rules.Write(rules.Create(output));
        if (Path is null)
        {
            await output.WriteAsync(text, cancellationToken);
            return;
        }

        var path = System.IO.Path.GetFullPath(Path, WorkingDirectory);
        if (File.Exists(path) && !On(Force))
        {
            throw new OpsException("Alert.FileExists", OpsErrorKind.Refused, $"{path} is there already.", "Choose another name, or replace it with -Force.", path);
        }

        if (await output.ConfirmAsync(path, "Write the alert rules", cancellationToken))
        {
            await session.Host(LocalHost.LocalName).WriteFileAsync(path, Encoding.UTF8.GetBytes(text), cancellationToken);
        }
    }
}
