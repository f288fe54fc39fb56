using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Cache;

namespace OpsRunbook.Cmdlets;

/// <summary>Ends the connection of a cache's client.</summary>
[Cmdlet(VerbsLifecycle.Stop, "CacheClient", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(OpsPlanStep))]
public sealed class StopCacheClientCommand : CacheChangeCmdlet
{
    private readonly List<(string[] Names, SeenClient Client)> _clients = [];

    /// <summary>Number of the connection.</summary>
    [Parameter(Mandatory = true, ValueFromPipelineByPropertyName = true)]
    public long Id { get; set; }

    /// <summary>Its address, which is checked again.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public string? Address { get; set; }

    /// <summary>Server that it is connected to, for a cluster.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public string? Node { get; set; }

    /// <summary>The server's run as Get-CacheClient saw it, which is checked again.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public string? ServerRun { get; set; }

    /// <inheritdoc/>
    protected override Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        _clients.Add((Name, new SeenClient(Id, Empty(Address), Empty(Node), Empty(ServerRun))));
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    protected override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        await using var session = await OpenAsync(output, cancellationToken);
        var changes = await OpenChangesAsync(session, output, cancellationToken);
        foreach (var group in _clients.GroupBy(client => string.Join('\n', client.Names)))
        {
            SeenClient[] clients = [.. group.Select(client => client.Client)];
            await ChangeEachAsync(
                session, group.First().Names, null, output, target => new ClientStopper(target, changes, output).RunAsync(clients, cancellationToken));
        }
    }

    private static string? Empty(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
