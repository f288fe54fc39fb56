using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.WebServer;

namespace OpsRunbook.Cmdlets;

/// <summary>Has web servers test their configuration, and shows what is in effect: sites, certificates, upstreams, timeouts and WebSocket headers.</summary>
[Cmdlet(VerbsDiagnostic.Test, "WebServerConfig")]
[OutputType(typeof(WebServerConfig))]
public sealed class TestWebServerConfigCommand : StackCmdlet
{
    private readonly List<string> _names = [];

    /// <summary>Web servers of the stack, with wildcards. Without it every nginx.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(StackMemberCompleter))]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <summary>Paths that must let WebSockets through. Without it those whose name or headers say so are looked at.</summary>
    [Parameter]
    [ValidatePattern("^/")]
    public string[] WebSocketPath { get; set; } = [];

    /// <inheritdoc/>
    protected override Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        _names.AddRange(Name);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    protected override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        await using var session = await OpenStackAsync(output, cancellationToken);
        await new WebServerInspector(session, WebSocketPath, output).RunAsync(_names, cancellationToken);
    }
}
