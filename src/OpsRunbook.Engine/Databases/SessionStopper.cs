using System.Diagnostics;
using OpsRunbook.Engine.Safety;

namespace OpsRunbook.Engine.Databases;

/// <summary>
/// Stops sessions of a database. A statement is cancelled first; a connection is ended when nothing is lost with it, or when the
/// operator has said so. Everything that was seen is looked at again before it is touched.
/// </summary>
/// <param name="member">The database.</param>
/// <param name="request">How far to go.</param>
/// <param name="changes">The road of every change.</param>
/// <param name="output">Takes a <see cref="DbSessionStop"/> for each, and errors.</param>
public sealed class SessionStopper(DatabaseMember member, SessionStopRequest request, ChangeRunner changes, IOperationOutput output)
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    // A client rolls back by itself when its statement fails, or never.
    private static readonly TimeSpan RollbackWait = TimeSpan.FromSeconds(1);

    /// <summary>Stops them.</summary>
    /// <param name="seen">The sessions as they were seen.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>A task that ends with the last one.</returns>
    /// <exception cref="OpsException">The server cannot be reached, or does not let us in.</exception>
    public async Task RunAsync(IReadOnlyList<SeenSession> seen, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(seen);
        await using var sessions = await DatabaseAdapters.SessionsAsync(member, cancellationToken);
        foreach (var one in seen)
        {
            try
            {
                await StopAsync(sessions, one, cancellationToken);
            }
            catch (OpsException error) when (error.Kind is not (OpsErrorKind.Connection or OpsErrorKind.Timeout))
            {
                output.Error(error);
            }
        }
    }

    private async Task StopAsync(IDatabaseSessions sessions, SeenSession seen, CancellationToken cancellationToken)
    {
        var session = await sessions.FindAsync(seen.Id, cancellationToken);
        if (session is null || !Same(seen.StartedAt, session.StartedAt, sessions.Tolerance) || !Same(seen.ServerStartedAt, session.ServerStartedAt, sessions.Tolerance))
        {
            throw new OpsException(
                "Db.SessionGone", OpsErrorKind.NotFound, $"The session {seen.Id} is no longer connected to '{member.Name}'.", "Look again with Get-DbSession.", member.Name);
        }

        if (session.StartedAt is null && session.Engine == DatabaseEngine.Postgres)
        {
            throw DatabaseErrors.Forbidden(member.Name, null, $"when the session {session.Id} began is not shown to this user, so it cannot be told from another of that number (grant pg_monitor and pg_signal_backend)");
        }

        changes.Require(
            "ProtectedSession",
            session.Kind == DbSessionKind.Client,
            $"The session {session.Id} of '{member.Name}' ({Who(session)}) belongs to {Purpose(session.Kind)}: ended, its work has to begin anew or is left half done.",
            "Leave it alone.",
            member.Name);
        changes.Require(
            "SessionMoved",
            (seen.StateSince is null || Same(seen.StateSince, session.StateSince, sessions.Tolerance)) && (seen.OperationId is null || seen.OperationId == session.OperationId),
            $"The session {session.Id} of '{member.Name}' has gone on since it was looked at and is {session.State} now.",
            "Look again with Get-DbSession.",
            member.Name);
        if (!sessions.EndsConnections && session.State != DbSessionState.Active)
        {
            throw new OpsException(
                "Db.NothingToCancel",
                OpsErrorKind.InvalidArgument,
                $"The session {session.Id} of '{member.Name}' runs nothing, and MongoDB ends no connections of clients, only what they run.",
                session.State == DbSessionState.IdleInTransaction ? "The server itself ends a transaction that is older than transactionLifetimeLimitSeconds." : "Stop the client, or let it close its connections.",
                member.Name);
        }

        changes.Require(
            "OpenTransaction",
            session.State != DbSessionState.IdleInTransaction || request.Terminate,
            $"The session {session.Id} of '{member.Name}' runs no statement that could be cancelled. To end it rolls back its transaction, open for {Display.Time(session.Transaction)}.",
            "Add -Terminate.",
            member.Name);
        var holdings = await sessions.HoldingsAsync(session, cancellationToken);
        var cancels = session.State == DbSessionState.Active;
        var folded = session.Query is { } query ? SqlText.Fold(query, session.Engine) : null;
        var change = new Change(
            cancels ? "Cancel statement" : "End connection",
            $"session {session.Id} ({Who(session)}) of {member.Name}{(folded is null ? string.Empty : ": " + Cut(folded))}",
            member.HostName)
        {
            Before = new Dictionary<string, string?>
            {
                ["state"] = session.ServerState,
                ["query"] = folded,
                ["locks"] = string.Join("; ", holdings.Locks),
                ["blocked"] = string.Join(", ", holdings.Blocked),
                ["transaction"] = Display.Time(session.Transaction),
            },
        };
        if (changes.IsWhatIf)
        {
            await changes.PlanAsync(change.Action, change.Target, member.HostName, Plan(session, holdings, cancels), cancellationToken);
            return;
        }

        if (!await changes.ConfirmAsync(change, cancellationToken))
        {
            return;
        }

        var start = Stopwatch.GetTimestamp();
        var (status, outcome, message) = await changes.RunAsync(
            change,
            token => cancels ? CancelAsync(sessions, session, token) : TerminateAsync(sessions, session, session.State == DbSessionState.IdleInTransaction ? "the connection is ended and its transaction rolled back" : "the connection is ended", token),
            result => new ChangeResult(result.Outcome == DbSessionOutcome.StillRunning ? JournalOutcome.Failed : JournalOutcome.Succeeded, result.Message),
            cancellationToken);
        await output.WriteAsync(
            new DbSessionStop
            {
                Status = status,
                Outcome = outcome,
                Id = session.Id,
                Database = member.Name,
                Message = message,
                Kind = session.Kind,
                State = session.State,
                StartedAt = session.StartedAt,
                User = session.User,
                Application = session.Application,
                Address = session.Address,
                Catalog = session.Catalog,
                Query = folded,
                Locks = holdings.Locks,
                Blocked = holdings.Blocked,
                Transaction = session.Transaction,
                Duration = Stopwatch.GetElapsedTime(start),
            },
            cancellationToken);
        if (outcome == DbSessionOutcome.StillRunning)
        {
            output.Error(new OpsException(
                "Db.SessionStillRuns", OpsErrorKind.OperationFailed, $"The session {session.Id} of '{member.Name}' {message}.", request.Terminate || !sessions.EndsConnections ? "Wait: it may be rolling back." : "Add -Terminate to end its connection.", member.Name));
        }
    }

    private async Task<(HealthStatus Status, DbSessionOutcome Outcome, string Message)> CancelAsync(IDatabaseSessions sessions, DbSession session, CancellationToken cancellationToken)
    {
        if (!await sessions.CancelAsync(session, cancellationToken))
        {
            return (HealthStatus.Healthy, DbSessionOutcome.Cancelled, "the statement had ended by itself");
        }

        var now = await WaitAsync(sessions, session, found => IsSameWork(session, found, sessions.Tolerance), request.Wait, cancellationToken);
        if (now is not null && IsSameWork(session, now, sessions.Tolerance))
        {
            return request.Terminate && sessions.EndsConnections
                ? await TerminateAsync(sessions, now, $"the statement went on for {Duration.Format(request.Wait)} after it was cancelled, and the connection was ended", cancellationToken)
                : (HealthStatus.Critical, DbSessionOutcome.StillRunning, $"still runs its statement {Duration.Format(request.Wait)} after it was cancelled");
        }

        // Locks stay until the client gives up its transaction, which a cancelled statement does not do for it.
        if (now is { State: DbSessionState.IdleInTransaction })
        {
            now = await WaitAsync(sessions, now, found => found.State == DbSessionState.IdleInTransaction, RollbackWait, cancellationToken);
        }

        return now is not { State: DbSessionState.IdleInTransaction } ? (HealthStatus.Healthy, DbSessionOutcome.Cancelled, "the statement is cancelled")
            : request.Terminate && sessions.EndsConnections ? await TerminateAsync(sessions, now, "the statement is cancelled, and the connection was ended because its transaction stayed open", cancellationToken)
            : (HealthStatus.Warning, DbSessionOutcome.Cancelled, $"the statement is cancelled; the transaction is still open and keeps its locks until the client rolls back{(sessions.EndsConnections ? " (-Terminate ends it)" : string.Empty)}");
    }

    private async Task<(HealthStatus Status, DbSessionOutcome Outcome, string Message)> TerminateAsync(
        IDatabaseSessions sessions, DbSession session, string message, CancellationToken cancellationToken)
    {
        if (!await sessions.TerminateAsync(session, sameWork: !request.Force, cancellationToken))
        {
            var found = await sessions.FindAsync(session.Id, cancellationToken);
            return found is null || !Same(session.StartedAt, found.StartedAt, sessions.Tolerance)
                ? (HealthStatus.Healthy, DbSessionOutcome.Terminated, "it had left by itself")
                : (HealthStatus.Warning, DbSessionOutcome.StillRunning, "has taken up other work meanwhile and was left alone");
        }

        var now = await WaitAsync(sessions, session, found => Same(session.StartedAt, found.StartedAt, sessions.Tolerance), request.Wait, cancellationToken);
        return now is null || !Same(session.StartedAt, now.StartedAt, sessions.Tolerance)
            ? (HealthStatus.Healthy, DbSessionOutcome.Terminated, message)
            : (HealthStatus.Critical, DbSessionOutcome.StillRunning, $"is still there {Duration.Format(request.Wait)} after it was told to end");
    }

    // The session as it was found last; null when it has gone.
    private static async Task<DbSession?> WaitAsync(
        IDatabaseSessions sessions, DbSession session, Func<DbSession, bool> goesOn, TimeSpan limit, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        while (true)
        {
            var now = await sessions.FindAsync(session.Id, cancellationToken);
            if (now is null || !goesOn(now) || Stopwatch.GetElapsedTime(start) >= limit)
            {
                return now;
            }

            await Task.Delay(Poll, cancellationToken);
        }
    }

    private static bool IsSameWork(DbSession before, DbSession now, TimeSpan tolerance) =>
        now.State == DbSessionState.Active && Same(before.StartedAt, now.StartedAt, tolerance) && Same(before.StateSince, now.StateSince, tolerance) && before.OperationId == now.OperationId;

    private static bool Same(DateTime? seen, DateTime? now, TimeSpan tolerance) => seen is null || (now is not null && (now.Value - seen.Value).Duration() <= tolerance);

    private static string Who(DbSession session) =>
        string.Join(", ", new[] { session.User, session.Application, session.Address, session.Kind == DbSessionKind.Client ? null : session.ServerState }.OfType<string>().Select(Display.Text));

    private static string Purpose(DbSessionKind kind) => kind switch
    {
        DbSessionKind.Replication => "a replication",
        DbSessionKind.Backup => "a backup",
        DbSessionKind.Maintenance => "the maintenance of tables",
        _ => "the server itself",
    };

    private static string Cut(string text) => text.Length <= 80 ? text : text[..79] + "…";

    private string Plan(DbSession session, SessionHoldings holdings, bool cancels) => string.Join(
        "; ",
        new[]
        {
            cancels ? "cancel the statement" + (request.Terminate && session.Engine != DatabaseEngine.MongoDb ? $", and end the connection when it still runs after {Duration.Format(request.Wait)}" : string.Empty) : "end the connection",
            session.State == DbSessionState.IdleInTransaction ? $"rolls back a transaction of {Display.Time(session.Transaction)}" : null,
            holdings.Blocked.Count > 0 ? $"{holdings.Blocked.Count} sessions wait for it ({string.Join(", ", holdings.Blocked)})" : null,
            holdings.Locks.Count > 0 ? $"{holdings.Locks.Count} locks" : null,
        }.OfType<string>());
}
