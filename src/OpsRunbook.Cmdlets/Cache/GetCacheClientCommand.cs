using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Cache;

namespace OpsRunbook.Cmdlets;

/// <summary>Lists the clients of caches.</summary>
[Cmdlet(VerbsCommon.Get, "CacheClient")]
[OutputType(typeof(CacheClient))]
public sealed class GetCacheClientCommand : CacheLookCmdlet
{
    /// <summary>Only clients of this kind.</summary>
    [Parameter]
    [ValidateSet("normal", "replica", "master", "pubsub", "monitor")]
    public string? Type { get; set; }

    /// <summary>Only clients that have sent nothing for so long.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan IdleFor { get; set; }

    /// <summary>Only clients that wait in a blocking command.</summary>
    [Parameter]
    public SwitchParameter Blocked { get; set; }

    /// <inheritdoc/>
    private protected override async Task RunAsync(CacheTarget target, IOperationOutput output, CancellationToken cancellationToken)
    {
        var onlyBlocked = On(Blocked);
        await using var servers = await target.OpenAllAsync(fromReplica: false, output, cancellationToken);
        foreach (var server in servers.All)
        {
            foreach (var client in await ClientList.ReadAsync(server, null, cancellationToken))
            {
                if ((Type is null || client.Type == Type) && client.Idle >= IdleFor && (!onlyBlocked || client.IsBlocked))
                {
                    await output.WriteAsync(client, cancellationToken);
                }
            }
        }
    }
}
