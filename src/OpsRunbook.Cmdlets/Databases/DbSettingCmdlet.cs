using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Databases;

namespace OpsRunbook.Cmdlets;

/// <summary>A cmdlet that changes settings of a database server, and can take a change back.</summary>
public abstract class DbSettingCmdlet : DbChangeCmdlet
{
    private readonly List<DbSettingChange> _undone = [];

    /// <summary>Takes earlier changes back.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Undo")]
    public SwitchParameter Undo { get; set; }

    /// <summary>Results of earlier changes, for -Undo.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Undo", ValueFromPipeline = true)]
    [ValidateNotNull]
    public DbSettingChange[] InputObject { get; set; } = [];

    /// <inheritdoc/>
    protected sealed override Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        _undone.AddRange(InputObject);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    protected sealed override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        if (IsBound(nameof(Undo)) && !On(Undo))
        {
            throw new OpsException("Db.ParameterInvalid", OpsErrorKind.InvalidArgument, "-Undo cannot be given as off.", "Name a setting instead.");
        }

        await using var session = await OpenAsync(output, cancellationToken);
        var changes = await OpenChangesAsync(session, output, cancellationToken);

        // The last change first: each finds what it left.
        foreach (var change in Enumerable.Reverse(_undone))
        {
            foreach (var member in Members(session, [change.Database], output))
            {
                await ReportAsync(() => new SettingSetter(member, changes, output).UndoAsync(change, cancellationToken), output);
            }
        }

        foreach (var member in _undone.Count == 0 ? Members(session, Name, output) : [])
        {
            await ReportAsync(() => new SettingSetter(member, changes, output).SetAsync(Values(member), cancellationToken), output);
        }
    }

    /// <summary>What is to be set.</summary>
    /// <param name="member">The database.</param>
    /// <returns>Settings with their values in the order in which they are set; null for the default.</returns>
    private protected abstract IReadOnlyList<(string Name, string? Value)> Values(DatabaseMember member);

    private static async Task ReportAsync(Func<Task> work, IOperationOutput output)
    {
        try
        {
            await work();
        }
        catch (OpsException error)
        {
            output.Error(error);
        }
    }
}
