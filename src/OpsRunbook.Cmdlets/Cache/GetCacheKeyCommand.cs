using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Cache;

namespace OpsRunbook.Cmdlets;

/// <summary>Lists the keys of caches with size, expiry and idle time, or adds them up by prefix, without being felt by other clients.</summary>
[Cmdlet(VerbsCommon.Get, "CacheKey")]
[OutputType(typeof(CacheKey), typeof(CacheKeyGroup))]
public sealed class GetCacheKeyCommand : CacheLookCmdlet
{
    /// <summary>Only keys that fit, as Redis matches them: <c>*</c>, <c>?</c>, <c>[ab]</c>, <c>\</c> before a character that is meant itself.</summary>
    [Parameter(Position = 1)]
    [ValidateNotNullOrEmpty]
    public string? Pattern { get; set; }

    /// <summary>Only keys of this type.</summary>
    [Parameter]
    [ValidateSet("string", "hash", "list", "set", "zset", "stream")]
    public string? Type { get; set; }

    /// <summary>Only so many keys, the largest first; with -GroupBy so many families.</summary>
    [Parameter]
    [ValidateRange(1, 10_000)]
    public int Largest { get; set; }

    /// <summary>Only keys that take at least so much memory.</summary>
    [Parameter]
    [SizeTransform]
    [ValidateRange(0, long.MaxValue)]
    public long MinSize { get; set; }

    /// <summary>Only keys that have not been used for so long.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan IdleFor { get; set; }

    /// <summary>Only keys that never expire.</summary>
    [Parameter]
    public SwitchParameter NoExpiry { get; set; }

    /// <summary>Adds keys up by their prefix instead of listing them.</summary>
    [Parameter]
    [ValidateSet("Prefix")]
    public string? GroupBy { get; set; }

    /// <summary>What ends the prefix of a key.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string Delimiter { get; set; } = ":";

    /// <summary>Reads from a replica.</summary>
    [Parameter]
    public SwitchParameter FromReplica { get; set; }

    /// <summary>How much longer the p99 of other clients may become.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan MaxImpact { get; set; } = TimeSpan.FromMilliseconds(1);

    /// <summary>Number of the database instead of that of the stack.</summary>
    [Parameter]
    [ValidateRange(0, 65535)]
    public int Database { get; set; }

    /// <inheritdoc/>
    private protected override int? Number => IsBound(nameof(Database)) ? Database : null;

    /// <inheritdoc/>
    private protected override void Check()
    {
        if (MaxImpact <= TimeSpan.Zero)
        {
            throw Unusable("-MaxImpact must be more than nothing.", "Write for example 1ms; 1m lets the scan run without regard.");
        }
    }

    /// <inheritdoc/>
    private protected override Task RunAsync(CacheTarget target, IOperationOutput output, CancellationToken cancellationToken)
    {
        var query = new KeyQuery
        {
            Pattern = Pattern,
            Type = Type,
            Largest = Largest > 0 ? Largest : null,
            MinSize = MinSize > 0 ? MinSize : null,
            IdleFor = IdleFor > TimeSpan.Zero ? IdleFor : null,
            NoExpiry = On(NoExpiry),
            ByPrefix = GroupBy is not null,
            Delimiter = Delimiter,
            FromReplica = On(FromReplica),
            MaxImpact = MaxImpact,
        };
        return new KeyFinder(target, query, output).RunAsync(cancellationToken);
    }
}
