using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Engine.State;

namespace OpsRunbook.Engine.Databases;

/// <summary>
/// Settings of a database that are to come back at the end of a command. They are written down before they are made, under a lock that the
/// command holds as long as it lives: a record without it was left by a command that was killed, and the next one takes the settings back.
/// </summary>
public sealed class TemporarySettings : IAsyncDisposable
{
    private const string Kind = "setting";

    private readonly DatabaseMember _member;
    private readonly IStateLock _lock;
    private readonly string _id;
    private readonly DateTime _due;
    private readonly List<DbSettingChange> _changes = [];
    private long _version;

    private TemporarySettings(DatabaseMember member, string id, IStateLock held, DateTime due)
    {
        _member = member;
        _id = id;
        _lock = held;
        _due = due;
    }

    /// <summary>Begins to remember.</summary>
    /// <param name="member">The database.</param>
    /// <param name="time">How long the settings are to last.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The memory of this command.</returns>
    /// <exception cref="OpsException"><c>State.Locked</c>: somebody else has settings there for a while. <c>State.NotWritten</c>: what cannot be remembered is not begun.</exception>
    public static async Task<TemporarySettings> BeginAsync(DatabaseMember member, TimeSpan time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(member);
        var now = DateTime.UtcNow;
        var id = now.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture) + "-" + Convert.ToHexString(RandomNumberGenerator.GetBytes(6)).ToLowerInvariant();
        return new TemporarySettings(member, id, await LockAsync(member, cancellationToken), now + time);
    }

    /// <summary>Takes back what commands have left that were killed. What cannot be taken back now is warned of, and tried again by the next command.</summary>
    /// <param name="session">The stack in use.</param>
    /// <param name="find">The database of a name; null when there is none.</param>
    /// <param name="changes">The road for changes.</param>
    /// <param name="output">Takes the warnings.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>A task that ends with the last one.</returns>
    public static async Task FinishAsync(
        StackSession session, Func<string, DatabaseMember?> find, ChangeRunner changes, IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(find);
        ArgumentNullException.ThrowIfNull(changes);
        ArgumentNullException.ThrowIfNull(output);
        foreach (var left in await LeftAsync(session, output, cancellationToken))
        {
            try
            {
                if (find(left.Record.Database) is { } member)
                {
                    await FinishAsync(left, member, changes, output, cancellationToken);
                }
            }
            catch (OpsException error) when (error.Id == "State.Locked")
            {
                // Whoever has set them is still there, and puts them back.
            }
            catch (OpsException error)
            {
                output.Warning($"Temporary settings of '{left.Record.Database}', left by a command that was killed, are not put back: {error.Message}");
            }
        }
    }

    /// <summary>Says which settings of a database were left by a command that was killed.</summary>
    /// <param name="member">The database.</param>
    /// <param name="output">Takes the warnings.</param>
    /// <param name="cancellationToken">Ends the look.</param>
    /// <returns>A task.</returns>
    public static async Task WarnAsync(DatabaseMember member, IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(member);
        ArgumentNullException.ThrowIfNull(output);
        foreach (var record in (await LeftAsync(member.Session, output, cancellationToken)).Select(left => left.Record).Where(record => record.Database == member.Name && record.Due < DateTime.UtcNow))
        {
            output.Warning(
                $"{string.Join(" and ", record.Changes.Select(change => change.Setting))} of '{member.Name}' should have been put back at {Display.Moment(record.Due)}. The next command that changes something in it does that.");
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _lock.DisposeAsync();

    /// <summary>Remembers a change that is about to be made, or as it was made.</summary>
    /// <param name="change">The change.</param>
    /// <param name="cancellationToken">Ends the writing.</param>
    /// <returns>A task that ends when it is safe.</returns>
    internal Task KeepAsync(DbSettingChange change, CancellationToken cancellationToken)
    {
        _changes.RemoveAll(other => other.Setting == change.Setting);
        _changes.Add(change);
        return WriteAsync(cancellationToken);
    }

    /// <summary>Forgets a change that was not made, or is back.</summary>
    /// <param name="change">The change.</param>
    /// <returns>A task that ends when it is safe.</returns>
    internal Task ForgetAsync(DbSettingChange change)
    {
        _changes.RemoveAll(other => other.Setting == change.Setting);
        return WriteAsync(CancellationToken.None);
    }

    // One for each database: two who change the same settings for a while would put back each other's.
    private static Task<IStateLock> LockAsync(DatabaseMember member, CancellationToken cancellationToken) =>
        member.Session.State.LockAsync($"{Kind}/{member.Session.Stack.Name}/{member.Name}", "settings for a while", cancellationToken);

    private static async Task FinishAsync(Left left, DatabaseMember member, ChangeRunner changes, IOperationOutput output, CancellationToken cancellationToken)
    {
        await using var held = await LockAsync(member, cancellationToken);
        if ((await member.Session.State.ReadAsync(Kind, left.Document.Id, cancellationToken))?.Version != left.Document.Version)
        {
            // It has ended since, and has put them back itself.
            return;
        }

        var (remaining, version) = (left.Record.Changes.ToList(), left.Document.Version);
        foreach (var change in Enumerable.Reverse(left.Record.Changes))
        {
            await new SettingSetter(member, changes, output).FinishAsync(change, cancellationToken);
            if (!changes.IsWhatIf)
            {
                remaining.Remove(change);
                version = await WriteAsync(member.Session, left.Document.Id, left.Record with { Changes = remaining }, version, cancellationToken);
            }
        }
    }

    private static async Task<IReadOnlyList<Left>> LeftAsync(StackSession session, IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        try
        {
            return
            [
                .. (await session.State.ListAsync(Kind, onlyOpen: true, cancellationToken))
                    .Select(document => new Left(document, JsonSerializer.Deserialize<Record>(document.Json.Span)!))
                    .Where(left => left.Record.Stack == session.Stack.Name),
            ];
        }
        catch (Exception error) when (error is OpsException or JsonException)
        {
            output.Warning($"Whether a command that was killed has left settings behind cannot be read: {error.Message}");
            return [];
        }
    }

    private static async Task<long> WriteAsync(StackSession session, string id, Record record, long version, CancellationToken cancellationToken)
    {
        if (record.Changes.Count > 0)
        {
            return await session.State.WriteAsync(Kind, id, JsonSerializer.SerializeToUtf8Bytes(record), open: true, version, cancellationToken);
        }

        if (version > 0)
        {
            await session.State.RemoveAsync(Kind, id, version, cancellationToken);
        }

        return 0;
    }

    private async Task WriteAsync(CancellationToken cancellationToken) =>
        _version = await WriteAsync(_member.Session, _id, new Record(_member.Session.Stack.Name, _member.Name, _due, _changes), _version, cancellationToken);

    private sealed record Record(string Stack, string Database, DateTime Due, List<DbSettingChange> Changes);

    private sealed record Left(StateDocument Document, Record Record);
}
