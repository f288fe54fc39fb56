using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Backups;

namespace OpsRunbook.Cmdlets;

/// <summary>Restores a set into a new database and puts it in the place of the one that applications use, which is kept.</summary>
[Cmdlet(VerbsData.Restore, "Database", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High, DefaultParameterSetName = "Set")]
[OutputType(typeof(DbRestoreResult), typeof(OpsPlanStep))]
public sealed class RestoreDatabaseCommand : BackupChangeCmdlet
{
    private readonly List<(string Name, string? Set)> _items = [];

    /// <summary>Name of a backup of the stack.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(StackMemberCompleter))]
    [ValidateNotNullOrEmpty]
    public string Name { get; set; } = string.Empty;

    /// <summary>Name of the set. Without it: the newest complete one.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true, ParameterSetName = "Set")]
    public string? Set { get; set; }

    /// <summary>A database that an earlier restore has kept is put back, instead of a set.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Kept")]
    [ValidateNotNullOrEmpty]
    public string? Kept { get; set; }

    /// <summary>Backs up the present database first, whatever is in it.</summary>
    [Parameter]
    public SwitchParameter BackupCurrent { get; set; }

    /// <summary>Connections that load at once, for formats that can.</summary>
    [Parameter(ParameterSetName = "Set")]
    [ValidateRange(1, 64)]
    public int Jobs { get; set; } = 2;

    /// <summary>Longest time to wait until one service is healthy, or gone.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan ServiceTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <inheritdoc/>
    protected override Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        _items.Add((Name, string.IsNullOrEmpty(Set) ? null : Set));
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    protected override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        RequirePositive(ServiceTimeout);
        await using var session = await OpenAsync(output, cancellationToken);
        var changes = await OpenChangesAsync(session, output, cancellationToken);
        if (_items.GroupBy(item => item.Name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            throw new OpsException("Backup.SetAmbiguous", OpsErrorKind.InvalidArgument, $"Several sets of '{twice.Key}' are given, and one database takes one.", "Choose one, for example with Select-Object -Last 1.", twice.Key);
        }

        foreach (var (name, set) in _items)
        {
            var request = new DatabaseRestoreRequest(set, ServiceTimeout) { Kept = Kept, BackupCurrent = On(BackupCurrent), Jobs = Jobs };
            foreach (var member in Select(session, [name], output))
            {
                await AttemptAsync(output, () => new DatabaseRestore(member, request, changes, output).RunAsync(cancellationToken));
            }
        }
    }
}
