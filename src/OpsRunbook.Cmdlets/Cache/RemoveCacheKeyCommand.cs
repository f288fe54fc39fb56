using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Cache;

namespace OpsRunbook.Cmdlets;

/// <summary>Removes keys of a cache: counted and shown first, in small batches, with an exact count of what went.</summary>
[Cmdlet(VerbsCommon.Remove, "CacheKey", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(CacheRemoval), typeof(OpsPlanStep))]
public sealed class RemoveCacheKeyCommand : CacheChangeCmdlet
{
    private readonly List<(string[] Names, int? Database, ReviewedKey Key)> _keys = [];

    /// <summary>Keys that fit, as Redis matches them: <c>*</c>, <c>?</c>, <c>[ab]</c>, <c>\</c> before a character that is meant itself.</summary>
    [Parameter(Position = 1)]
    [ValidateNotNullOrEmpty]
    public string? Pattern { get; set; }

    /// <summary>Keys themselves. No character in them has a meaning.</summary>
    [Parameter(ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    public string[] Key { get; set; } = [];

    /// <summary>Exact bytes of a key that is no text, as Get-CacheKey gives them.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public string? KeyBase64 { get; set; }

    /// <summary>Type of the key when it was reviewed. A key that is something else now stays.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public string? Type { get; set; }

    /// <summary>Patterns of keys that stay.</summary>
    [Parameter]
    public string[] Exclude { get; set; } = [];

    /// <summary>Number of the database instead of that of the stack.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateRange(0, 65535)]
    public int Database { get; set; }

    /// <summary>How much longer the p99 of other clients may become.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan MaxImpact { get; set; } = TimeSpan.FromMilliseconds(1);

    /// <inheritdoc/>
    protected override Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        if (Pattern is null && Key.Length == 0)
        {
            throw Unusable("There is nothing to remove.", "Give -Pattern, -Key, or the objects of Get-CacheKey.");
        }

        int? database = IsBound(nameof(Database)) ? Database : null;
        foreach (var key in Key)
        {
            _keys.Add((Name, database, ReviewedKey.From(key, KeyBase64, Type)));
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    protected override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        if (Pattern is not null && _keys.Count > 0)
        {
            throw Unusable("-Pattern and -Key cannot be used together.", "Give a pattern, or keys.");
        }

        if (Pattern is null && _keys.Count == 0)
        {
            output.Verbose("There is no key to remove.");
            return;
        }

        await using var session = await OpenAsync(output, cancellationToken);
        var changes = await OpenChangesAsync(session, output, cancellationToken);
        var request = new KeyRemovalRequest { Pattern = Pattern, Exclude = Exclude, MaxImpact = MaxImpact };
        if (Pattern is not null)
        {
            await RemoveAsync(Name, IsBound(nameof(Database)) ? Database : null, request);
            return;
        }

        foreach (var group in _keys.GroupBy(key => (Names: string.Join('\n', key.Names), key.Database)))
        {
            await RemoveAsync(group.First().Names, group.Key.Database, request with { Keys = [.. group.Select(key => key.Key)] });
        }

        Task RemoveAsync(string[] names, int? database, KeyRemovalRequest wanted) =>
            ChangeEachAsync(session, names, database, output, target => new KeyRemover(target, wanted, changes, output).RunAsync(cancellationToken));
    }
}
