using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Backups;

namespace OpsRunbook.Cmdlets;

/// <summary>Removes old sets of backups, and never the last ones that are known to restore.</summary>
[Cmdlet(VerbsCommon.Remove, "DbBackup", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(DbBackupRemoval), typeof(OpsPlanStep))]
public sealed class RemoveDbBackupCommand : BackupChangeCmdlet
{
    private readonly List<(string[] Names, string? Set)> _items = [];

    /// <summary>Names of backups of the stack, with wildcards. Without it: all of them.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(StackMemberCompleter))]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <summary>Exactly this set, as Get-DbBackup names it; the rules do not hold it then.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public string? Set { get; set; }

    /// <summary>Sets younger than this stay.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan Keep { get; set; }

    /// <summary>So many of the newest sets stay.</summary>
    [Parameter]
    [ValidateRange(1, 100000)]
    public int Count { get; set; }

    /// <summary>The newest set of each of so many days stays.</summary>
    [Parameter]
    [ValidateRange(0, 100000)]
    public int Daily { get; set; }

    /// <summary>The newest set of each of so many weeks stays.</summary>
    [Parameter]
    [ValidateRange(0, 100000)]
    public int Weekly { get; set; }

    /// <summary>The newest set of each of so many months stays.</summary>
    [Parameter]
    [ValidateRange(0, 100000)]
    public int Monthly { get; set; }

    /// <summary>So many of the newest sets that were restored as a test stay, and there must be so many.</summary>
    [Parameter]
    [ValidateRange(1, 100000)]
    public int Minimum { get; set; }

    /// <inheritdoc/>
    protected override Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        _items.Add((Name, string.IsNullOrEmpty(Set) ? null : Set));
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    protected override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        RequirePositive(Keep);
        await using var session = await OpenAsync(output, cancellationToken);
        var changes = await OpenChangesAsync(session, output, cancellationToken);
        foreach (var group in _items.GroupBy(item => (Names: string.Join('\n', item.Names), IsSet: item.Set is not null)))
        {
            var chosen = group.Key.IsSet ? group.Select(item => item.Set!).ToHashSet(StringComparer.Ordinal) : null;
            foreach (var member in Select(session, group.First().Names, output))
            {
                await AttemptAsync(output, () => new BackupRemover(member, Rules(member.Definition.Retention), changes, output).RunAsync(chosen, cancellationToken));
            }
        }
    }

    // What is given here takes the place of all of the stack's rules; how many verified sets must be left only of that number.
    private RetentionRules Rules(StackRetention? retention)
    {
        var rules = RetentionRules.Of(retention);
        if (IsBound(nameof(Keep)) || IsBound(nameof(Count)) || IsBound(nameof(Daily)) || IsBound(nameof(Weekly)) || IsBound(nameof(Monthly)))
        {
            rules = new RetentionRules
            {
                Keep = IsBound(nameof(Keep)) ? Keep : null,
                Count = IsBound(nameof(Count)) ? Count : null,
                Daily = Daily,
                Weekly = Weekly,
                Monthly = Monthly,
                Minimum = rules.Minimum,
            };
        }

        return IsBound(nameof(Minimum)) ? rules with { Minimum = Minimum } : rules;
    }
}
