using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Monitoring;

namespace OpsRunbook.Cmdlets;

/// <summary>Writes the alerts and limits of a stack as rules for Prometheus.</summary>
[Cmdlet(VerbsData.Export, "AlertRule", SupportsShouldProcess = true)]
[OutputType(typeof(string))]
public sealed class ExportAlertRuleCommand : ExportCmdlet
{
    /// <summary>How often Prometheus scrapes; "three checks in a row" becomes a time by it.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan ScrapeInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <inheritdoc/>
    protected override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        RequirePositive(ScrapeInterval);
        await using var session = await OpenStackAsync(output, cancellationToken, discover: false);
        var rules = new AlertRules(session.Stack, ScrapeInterval);
        var text = rules.Write(rules.Create(output));
        await ExportAsync(session, text, "Alert", "Write the alert rules", output, cancellationToken);
    }
}
