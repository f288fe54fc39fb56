using System.Management.Automation;
using OpsRunbook.Engine.WebServer;

namespace OpsRunbook.Cmdlets;

/// <summary>Has sites of nginx answer 503 with a page, for everybody but those who are let in.</summary>
[Cmdlet(VerbsLifecycle.Enable, "MaintenanceMode", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(MaintenanceModeChange), typeof(OpsPlanStep))]
public sealed class EnableMaintenanceModeCommand : MaintenanceModeCmdlet
{
    /// <summary>Page that visitors see, a file on the web server's host. Without it that of the stack file, or a plain one.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Page { get; set; }

    /// <summary>When clients may come back, sent as <c>Retry-After</c>.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan RetryAfter { get; set; } = MaintenanceRequest.DefaultRetryAfter;

    /// <summary>Addresses and networks that still reach the sites.</summary>
    [Parameter]
    [ValidateNotNull]
    public string[] Allow { get; set; } = [];

    /// <summary>Paths that stay open for everybody; with <c>*</c> at the end all that begin so.</summary>
    [Parameter]
    [ValidateNotNull]
    public string[] OpenPath { get; set; } = [];

    /// <inheritdoc/>
    private protected override Task<MaintenanceModeChange?> SwitchAsync(
        MaintenanceMode mode, OpsStack stack, string name, IReadOnlyList<string> sites, CancellationToken cancellationToken)
    {
        var usual = MaintenanceMode.DefaultRequest(stack, name);
        return mode.EnableAsync(
            usual with
            {
                Sites = sites,
                Page = Page ?? usual.Page,
                RetryAfter = IsBound(nameof(RetryAfter)) ? RetryAfter : usual.RetryAfter,
                Allow = IsBound(nameof(Allow)) ? Allow : usual.Allow,
                OpenPaths = IsBound(nameof(OpenPath)) ? OpenPath : usual.OpenPaths,
            },
            cancellationToken);
    }
}
