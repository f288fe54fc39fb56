using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Cache;

namespace OpsRunbook.Cmdlets;

/// <summary>Sets the memory limit of a cache and what it evicts there, and says how to take it back.</summary>
[Cmdlet(VerbsCommon.Set, "CachePolicy", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(CachePolicyChange), typeof(OpsPlanStep))]
public sealed class SetCachePolicyCommand : CacheChangeCmdlet
{
    /// <summary>What is evicted when the limit is reached.</summary>
    [Parameter(Position = 1)]
    [ValidateSet("noeviction", "allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl")]
    public string? Policy { get; set; }

    /// <summary>Memory limit; 0 for none.</summary>
    [Parameter]
    [SizeTransform]
    [ValidateRange(0, long.MaxValue)]
    public long MaxMemory { get; set; }

    /// <summary>Writes the setting to the server's configuration file too.</summary>
    [Parameter]
    public SwitchParameter Persist { get; set; }

    /// <inheritdoc/>
    protected override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        if (Policy is null && !IsBound(nameof(MaxMemory)))
        {
            throw Unusable("There is nothing to set.", "Give -Policy, -MaxMemory or both.");
        }

        await using var session = await OpenAsync(output, cancellationToken);
        var changes = await OpenChangesAsync(session, output, cancellationToken);
        var request = new PolicyRequest(Policy, IsBound(nameof(MaxMemory)) ? MaxMemory : null, On(Persist));
        await ChangeEachAsync(session, Name, null, output, target => new PolicySetter(target, request, changes, output).RunAsync(cancellationToken));
    }
}
