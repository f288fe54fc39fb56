using System.Management.Automation;
using OpsRunbook.Engine.WebServer;

namespace OpsRunbook.Cmdlets;

/// <summary>Lets visitors reach sites again; nginx's configuration is byte for byte as it was before maintenance.</summary>
[Cmdlet(VerbsLifecycle.Disable, "MaintenanceMode", SupportsShouldProcess = true)]
[OutputType(typeof(MaintenanceModeChange), typeof(OpsPlanStep))]
public sealed class DisableMaintenanceModeCommand : MaintenanceModeCmdlet
{
    /// <inheritdoc/>
    private protected override Task<MaintenanceModeChange?> SwitchAsync(
        MaintenanceMode mode, OpsStack stack, string name, IReadOnlyList<string> sites, CancellationToken cancellationToken) =>
        mode.DisableAsync(sites, cancellationToken);
}
