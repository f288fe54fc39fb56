using System.Management.Automation;
using OpsRunbook.Engine.Monitoring;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Cmdlets;

/// <summary>A cmdlet that asks the Prometheus of a stack, or the one at an address.</summary>
public abstract class PrometheusCmdlet : StackCmdlet
{
    /// <summary>Base address of Prometheus. Without it: the one of the stack.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Uri { get; set; }

    /// <summary>User and password for Prometheus, or for the proxy before it.</summary>
    [Parameter]
    [Credential]
    public PSCredential? Credential { get; set; }

    /// <summary>The Prometheus that is meant.</summary>
    /// <param name="session">The stack in use.</param>
    private protected PrometheusClient Prometheus(StackSession session) => new(MonitoringServer.Prometheus(session, Uri, Credentials(Credential)));
}
