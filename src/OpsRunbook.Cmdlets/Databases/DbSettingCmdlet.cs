using System.Diagnostics;
using System.Management.Automation;
using System.Threading.Channels;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Databases;

namespace OpsRunbook.Cmdlets;

/// <summary>A cmdlet that changes settings of a database server, and can take a change back.</summary>
public abstract class DbSettingCmdlet : DbChangeCmdlet
{
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);
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

        var setters = new List<(SettingSetter Setter, TemporarySettings? Temporary)>();
        try
        {
            foreach (var member in _undone.Count == 0 ? Members(session, Name, output) : [])
            {
                await ReportAsync(
                    async () =>
                    {
                        var temporary = Lasts is { } time && !output.IsWhatIf ? await TemporarySettings.BeginAsync(member, time, cancellationToken) : null;
                        var setter = new SettingSetter(member, changes, output, temporary);
                        setters.Add((setter, temporary));
                        await setter.SetAsync(Values(member), cancellationToken);
                    },
                    output);
            }

            if (setters.Exists(one => one.Setter.HasChanged))
            {
                await WaitAsync(output, cancellationToken);
            }
        }
        finally
        {
            foreach (var (setter, temporary) in Lasts is null ? [] : setters)
            {
                await PutBackAsync(setter, output);
                await (temporary?.DisposeAsync() ?? ValueTask.CompletedTask);
            }
        }
    }

    /// <summary>How long the values are to last before the old ones are put back; null for good.</summary>
    private protected virtual TimeSpan? Lasts => null;

    /// <summary>What is to be set.</summary>
    /// <param name="member">The database.</param>
    /// <returns>Settings with their values in the order in which they are set; null for the default.</returns>
    private protected abstract IReadOnlyList<(string Name, string? Value)> Values(DatabaseMember member);

    private async Task WaitAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        while (Lasts is { } time && time - Stopwatch.GetElapsedTime(start) is { Ticks: > 0 } left)
        {
            output.Progress("The old values come back by themselves", $"in {Duration.Format(left)}", (int)(100 - (100 * left / time)));
            await Task.Delay(left < Tick ? left : Tick, cancellationToken);
        }
    }

    // Also after Ctrl+C, when nobody listens any more. Each step of it has the time limit of its database.
    private static async Task PutBackAsync(SettingSetter setter, IOperationOutput output)
    {
        try
        {
            await ReportAsync(() => setter.PutBackAsync(CancellationToken.None), output);
        }
        catch (ChannelClosedException)
        {
            // The value is back; only its report has no reader.
        }
    }

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
