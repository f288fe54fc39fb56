using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Backups;

namespace OpsRunbook.Cmdlets;

/// <summary>Tests sets of backups: their checksums, their content to its end, or by restoring them into a scratch database.</summary>
[Cmdlet(VerbsDiagnostic.Test, "DbBackup", SupportsShouldProcess = true)]
[OutputType(typeof(DbBackupTest), typeof(OpsPlanStep))]
public sealed class TestDbBackupCommand : BackupChangeCmdlet
{
    private readonly List<(string[] Names, string? Set)> _items = [];

    /// <summary>Names of backups of the stack, with wildcards. Without it: all of them.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(StackMemberCompleter))]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <summary>Names of sets, with wildcards. Without it: every set.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    public string? Set { get; set; }

    /// <summary>How thoroughly; Stream unless given.</summary>
    [Parameter]
    public BackupLevel Level { get; set; } = BackupLevel.Stream;

    /// <summary>Only the newest set.</summary>
    [Parameter]
    public SwitchParameter Newest { get; set; }

    /// <summary>Database of the stack on whose server sets are restored, instead of the one that was backed up.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Server { get; set; }

    /// <summary>Connections that load at once, for formats that can.</summary>
    [Parameter]
    [ValidateRange(1, 64)]
    public int Jobs { get; set; } = 2;

    /// <inheritdoc/>
    protected override Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        _items.Add((Name, string.IsNullOrEmpty(Set) ? null : Set));
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    protected override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        await using var session = await OpenAsync(output, cancellationToken);
        var changes = await OpenChangesAsync(session, output, cancellationToken);
        foreach (var group in _items.GroupBy(item => string.Join('\n', item.Names)))
        {
            var request = new BackupTestRequest(Level, [.. group.Select(item => item.Set).OfType<string>()]) { Newest = On(Newest), Server = Server, Jobs = Jobs };
            foreach (var member in Select(session, group.First().Names, output))
            {
                await AttemptAsync(output, () => new BackupTest(member, request, changes, output).RunAsync(cancellationToken));
            }
        }
    }
}
