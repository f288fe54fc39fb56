using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Cache;

namespace OpsRunbook.Cmdlets;

/// <summary>Empties a database of a cache, after it has said what lives there.</summary>
[Cmdlet(VerbsCommon.Clear, "Cache", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(CacheRemoval), typeof(OpsPlanStep))]
public sealed class ClearCacheCommand : CacheChangeCmdlet
{
    /// <summary>Number of the database. There is no default.</summary>
    [Parameter(Position = 1)]
    [ValidateRange(0, 65535)]
    public int Database { get; set; }

    /// <summary>Empties every database of the server. Needs -ConfirmName.</summary>
    [Parameter]
    public SwitchParameter AllDatabases { get; set; }

    /// <summary>Name of the cache, typed once more, for -AllDatabases.</summary>
    [Parameter]
    public string? ConfirmName { get; set; }

    /// <summary>How much longer the p99 of other clients may become while the content is looked at.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan MaxImpact { get; set; } = TimeSpan.FromMilliseconds(1);

    /// <inheritdoc/>
    protected override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        var all = On(AllDatabases);
        if (all == IsBound(nameof(Database)))
        {
            throw Unusable(
                all ? "-Database and -AllDatabases cannot be used together." : "Which database is to be emptied?",
                "Give -Database with its number, or -AllDatabases with -ConfirmName.");
        }

        await using var session = await OpenAsync(output, cancellationToken);
        var changes = await OpenChangesAsync(session, output, cancellationToken);
        var request = new CacheFlushRequest { AllDatabases = all, TypedName = ConfirmName, MaxImpact = MaxImpact };
        await ChangeEachAsync(
            session, Name, all ? null : Database, output, target => new CacheFlusher(target, request, changes, output).RunAsync(cancellationToken));
    }
}
