using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.State;

namespace OpsRunbook.Engine.Incidents;

/// <summary>The incidents of a stack: begun, added to, ended, and read together with the changes that were made meanwhile.</summary>
public sealed class IncidentLog
{
    private static readonly JsonSerializerOptions Format = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, Converters = { new JsonStringEnumConverter() } };

    // Scales that are in use everywhere, for a stack that names none.
    private static readonly string[] CommonScale = ["SEV1", "SEV2", "SEV3", "P0", "P1", "P2", "P3", "P4", "Critical", "High", "Medium", "Low"];

    private readonly IStateStore _state;
    private readonly OpsStack _stack;
    private readonly TimeProvider _clock;

    /// <summary>Opens the log. Nothing is read yet.</summary>
    /// <param name="state">Where it is kept.</param>
    /// <param name="stack">The stack.</param>
    /// <param name="clock">Tells the time; null for the machine's clock.</param>
    public IncidentLog(IStateStore state, OpsStack stack, TimeProvider? clock = null)
    {
        _state = state;
        _stack = stack;
        _clock = clock ?? TimeProvider.System;
    }

    private DateTime Now => _clock.GetUtcNow().UtcDateTime;

    /// <summary>Refuses what could not be begun, before anybody is asked.</summary>
    /// <param name="start">The incident.</param>
    /// <param name="cancellationToken">Ends the check.</param>
    /// <returns>The severity as the stack writes it.</returns>
    /// <exception cref="OpsException"><c>Incident.Open</c>, <c>Incident.SeverityUnknown</c>, <c>Incident.TimeInFuture</c>.</exception>
    public async Task<string> CheckAsync(IncidentStart start, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(start);
        RequirePast(start.At);
        var severity = Severity(start.Severity);
        return await OpenIdAsync(cancellationToken) is { } open ? throw IncidentErrors.AlreadyOpen(_stack.Name, open) : severity;
    }

    /// <summary>Begins an incident. Of several who begin one at once, one does.</summary>
    /// <param name="start">The incident.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>Its id.</returns>
    /// <exception cref="OpsException">As of <see cref="CheckAsync"/>, <c>State.Locked</c>.</exception>
    public async Task<string> StartAsync(IncidentStart start, CancellationToken cancellationToken)
    {
        await using var held = await _state.LockAsync($"incident/{_stack.Name}", "Start-Incident", cancellationToken);
        var severity = await CheckAsync(start, cancellationToken);
        var began = start.At ?? Now;
        var user = Environment.UserName;
        var title = Clean(start.Title);
        var content = new IncidentContent
        {
            Stack = _stack.Name,
            Title = title,
            Severity = severity,
            Started = began,
            DetectedBy = Clean(start.DetectedBy ?? user),
            Commander = Clean(start.Commander ?? user),
            Service = [.. start.Service.Select(Clean)],
            Impact = Clean(start.Impact ?? string.Empty),
            ImpactRadius = Clean(start.ImpactRadius ?? string.Empty),
            ExpectedDuration = start.ExpectedDuration,
            Notes = [new IncidentNote(began, IncidentEntryKind.Started, start.DetectedBy is { } by ? $"{Clean(by)}: {title}" : title, user)],
        };
        var json = JsonSerializer.SerializeToUtf8Bytes(content, Format);
        var name = string.Create(CultureInfo.InvariantCulture, $"INC-{began:yyyyMMdd-HHmm}");
        for (var number = 1; ; number++)
        {
            var id = number == 1 ? name : string.Create(CultureInfo.InvariantCulture, $"{name}-{number}");
            try
            {
                await _state.WriteAsync(OpenWork.IncidentKind, id, json, open: true, 0, cancellationToken);
                return id;
            }
            catch (OpsException error) when (error.Id == "State.Changed")
            {
                // Another one began in the same minute, in this stack or another.
            }
        }
    }

    /// <summary>The incident that is meant.</summary>
    /// <param name="id">Its id; null for the open one.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <returns>Its id.</returns>
    /// <exception cref="OpsException"><c>Incident.NoneOpen</c>, <c>Incident.NotFound</c>.</exception>
    public async Task<string> FindAsync(string? id, CancellationToken cancellationToken) => id is null
        ? await OpenIdAsync(cancellationToken) ?? throw IncidentErrors.NoneOpen(_stack.Name)
        : (await ReadAsync(id, cancellationToken)).Document.Id;

    /// <summary>Refuses an addition that makes no sense, before anybody is asked.</summary>
    /// <param name="addition">What is to be added.</param>
    /// <exception cref="OpsException"><c>Incident.NothingToAdd</c>, <c>Incident.SeverityUnknown</c>, <c>Incident.PhaseUnknown</c>, <c>Incident.TimeInFuture</c>.</exception>
    public void Check(IncidentAddition addition)
    {
        ArgumentNullException.ThrowIfNull(addition);
        RequirePast(addition.At);
        if (addition.Severity is { } severity)
        {
            Severity(severity);
        }

        foreach (var phase in addition.Phase)
        {
            Phase(phase);
        }

        if (!addition.Resolved && addition is { Milestone: null, Phase.Count: 0, Severity: null, Impact: null, Commander: null, ActionItem.Count: 0 } && string.IsNullOrWhiteSpace(addition.Text))
        {
            throw IncidentErrors.NothingToAdd();
        }
    }

    /// <summary>Adds to an incident, open or not. What somebody else adds at the same time stays.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="addition">What is added.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>The entries that were made.</returns>
    /// <exception cref="OpsException">As of <see cref="Check"/>, <c>Incident.NotFound</c>.</exception>
    public async Task<IReadOnlyList<IncidentEntry>> AddAsync(string id, IncidentAddition addition, CancellationToken cancellationToken)
    {
        Check(addition);
        while (true)
        {
            var (document, content) = await ReadAsync(id, cancellationToken);
            var next = Apply(content, addition);
            try
            {
                await _state.WriteAsync(
                    OpenWork.IncidentKind, document.Id, JsonSerializer.SerializeToUtf8Bytes(next, Format), next.Ended is null, document.Version, cancellationToken);
                return [.. next.Notes.Skip(content.Notes.Count).Select(note => Entry(document.Id, note))];
            }
            catch (OpsException error) when (error.Id == "State.Changed")
            {
                // Somebody else has just added something; to that this is added.
            }
        }
    }

    /// <summary>The incidents of the stack with all that is known, the oldest first.</summary>
    /// <param name="wanted">Says by the id whether one is wanted.</param>
    /// <param name="onlyOpen">Only the open one.</param>
    /// <param name="output">Takes an error for each record of the journal that cannot be read.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The incidents.</returns>
    public async Task<IReadOnlyList<OpsIncident>> GetAsync(Func<string, bool> wanted, bool onlyOpen, IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        var found = (await _state.ListAsync(OpenWork.IncidentKind, onlyOpen, cancellationToken))
            .Select(document => (document.Id, Content: Parse(document)))
            .Where(one => one.Content.Stack == _stack.Name && wanted(one.Id))
            .ToList();
        if (found.Count == 0)
        {
            return [];
        }

        var changes = (await JournalHistory.ReadAsync(_state.Journal, null, null, output, cancellationToken)).ToLookup(change => change.Incident ?? string.Empty, StringComparer.Ordinal);
        return [.. found.Select(one => Incident(one.Id, one.Content, changes[one.Id])).OrderBy(incident => incident.Started)];
    }

    private static IncidentContent Parse(StateDocument document)
    {
        try
        {
            return JsonSerializer.Deserialize<IncidentContent>(document.Json.Span, Format)!;
        }
        catch (JsonException error)
        {
            throw StateErrors.Corrupt($"The incident '{document.Id}'", "its content is not that of an incident.", error);
        }
    }

    private static string Clean(string text) => CommandRedactor.RedactText(text);

    // A clock that was set back must not give a negative time.
    private static TimeSpan Since(DateTime start, DateTime end) => end > start ? end - start : TimeSpan.Zero;

    private static IncidentEntry Entry(string id, IncidentNote note) => new() { Time = note.Time, Kind = note.Kind, Text = note.Text, User = note.User, Incident = id };

    private static IncidentEntry Entry(string id, OpsJournalEntry change) => new()
    {
        Time = change.Time,
        Kind = IncidentEntryKind.Change,
        Text = $"{change.Action} {change.Target} on {change.Host}: {change.Outcome}{(change.Outcome == JournalOutcome.Succeeded || change.Message.Length == 0 ? string.Empty : $" ({change.Message})")}",
        User = change.User,
        Incident = id,
        ChangeId = change.ChangeId,
        Outcome = change.Outcome,
    };

    // These commands make entries of their own.
    private static bool IsOwn(OpsJournalEntry change) => change.Command is "Start-Incident" or "Add-IncidentEntry" or "Stop-Incident" or "Send-IncidentUpdate";

    private IncidentContent Apply(IncidentContent content, IncidentAddition addition)
    {
        var time = addition.At ?? Now;
        var severity = addition.Severity is { } wanted ? Severity(wanted) : content.Severity;
        var ends = addition.Resolved && content.Ended is null;
        var phases = addition.Phase.Select(Phase).ToList();
        var notes = new List<IncidentNote>();
        if (!string.IsNullOrWhiteSpace(addition.Text) || addition.Milestone is not null || ends)
        {
            var text = string.IsNullOrWhiteSpace(addition.Text) ? (ends ? "Resolved" : addition.Milestone.ToString()!) : Clean(addition.Text);
            notes.Add(new IncidentNote(time, ends ? IncidentEntryKind.Resolved : addition.IsUpdate ? IncidentEntryKind.Update : addition.Milestone is null ? IncidentEntryKind.Note : IncidentEntryKind.Progress, text, Environment.UserName));
        }

        if (severity != content.Severity)
        {
            notes.Add(new IncidentNote(time, IncidentEntryKind.Progress, $"Severity {content.Severity} → {severity}", Environment.UserName));
        }

        if (addition.Commander is { } commander && Clean(commander) != content.Commander)
        {
            notes.Add(new IncidentNote(time, IncidentEntryKind.Progress, $"Incident commander {content.Commander} → {Clean(commander)}", Environment.UserName));
        }

        notes.AddRange(phases.Select(phase => new IncidentNote(time, IncidentEntryKind.Progress, $"Phase {phase} done", Environment.UserName)));
        return content with
        {
            Severity = severity,
            Commander = Or(addition.Commander, content.Commander),
            Impact = Or(addition.Impact, content.Impact),
            RootCause = Or(addition.RootCause, content.RootCause),
            Fix = Or(addition.Fix, content.Fix),
            Prevention = Or(addition.Prevention, content.Prevention),
            ActionItems = [.. content.ActionItems, .. addition.ActionItem.Select(Clean)],
            Acknowledged = content.Acknowledged ?? (addition.Milestone == IncidentMilestone.Acknowledged ? time : null),
            Identified = content.Identified ?? (addition.Milestone == IncidentMilestone.Identified ? time : null),
            Mitigated = content.Mitigated ?? (addition.Milestone == IncidentMilestone.Mitigated || ends ? time : null),
            Ended = content.Ended ?? (ends ? time : null),
            NextUpdate = ends ? null : addition.IsUpdate ? addition.NextUpdate : content.NextUpdate,
            Done = phases.Aggregate(
                content.Done.ToDictionary(StringComparer.OrdinalIgnoreCase),
                (done, phase) =>
                {
                    done.TryAdd(phase, time);
                    return done;
                }),
            Notes = [.. content.Notes, .. notes],
        };

        static string Or(string? given, string present) => given is null ? present : Clean(given);
    }

    private OpsIncident Incident(string id, IncidentContent content, IEnumerable<OpsJournalEntry> changes)
    {
        var phases = IncidentPhases.Of(_stack, content, Now);
        IEnumerable<string> overdue = [.. phases.Where(phase => phase.State == IncidentPhaseState.Overdue).Select(phase => phase.Name), .. content.NextUpdate < Now && content.Ended is null ? (string[])["update"] : []];
        return new OpsIncident
        {
            Status = content.Ended is not null ? IncidentStatus.Resolved
                : content.Mitigated is not null ? IncidentStatus.Monitoring
                : content.Identified is not null ? IncidentStatus.Identified
                : IncidentStatus.Investigating,
            Id = id,
            Severity = content.Severity,
            Title = content.Title,
            Stack = content.Stack,
            Started = content.Started,
            DetectedBy = content.DetectedBy,
            Commander = content.Commander,
            Service = content.Service,
            Impact = content.Impact,
            ImpactRadius = content.ImpactRadius,
            ExpectedDuration = content.ExpectedDuration,
            Acknowledged = content.Acknowledged,
            Identified = content.Identified,
            Mitigated = content.Mitigated,
            Ended = content.Ended,
            TimeToAcknowledge = content.Acknowledged is { } acknowledged ? Since(content.Started, acknowledged) : null,
            TimeToMitigate = content.Mitigated is { } mitigated ? Since(content.Started, mitigated) : null,
            TimeToResolve = content.Ended is { } ended ? Since(content.Started, ended) : null,
            Duration = Since(content.Started, content.Ended ?? Now),
            Phases = phases,
            NextUpdate = content.NextUpdate,
            Overdue = [.. overdue],
            RootCause = content.RootCause,
            Fix = content.Fix,
            Prevention = content.Prevention,
            ActionItems = content.ActionItems,
            Timeline = [.. content.Notes.Select(note => Entry(id, note)).Concat(changes.Where(change => !IsOwn(change)).Select(change => Entry(id, change))).OrderBy(entry => entry.Time)],
        };
    }

    private async Task<string?> OpenIdAsync(CancellationToken cancellationToken) => (await OpenWork.ReadAsync(_state, _stack.Name, cancellationToken)).Incident;

    private async Task<(StateDocument Document, IncidentContent Content)> ReadAsync(string id, CancellationToken cancellationToken) =>
        await _state.ReadAsync(OpenWork.IncidentKind, id, cancellationToken) is { } document && Parse(document) is var content && content.Stack == _stack.Name
            ? (document, content)
            : throw IncidentErrors.NotFound(_stack.Name, id);

    private string Severity(string severity)
    {
        var scale = _stack.Severities.Keys.Concat(_stack.Escalation?.Matrix.Keys.AsEnumerable() ?? []).Distinct(StringComparer.OrdinalIgnoreCase).ToList();
        return (scale.Count > 0 ? scale : [.. CommonScale]).Find(known => known.Equals(severity, StringComparison.OrdinalIgnoreCase))
            ?? throw IncidentErrors.SeverityUnknown(_stack.Name, severity, scale.Count > 0 ? scale : CommonScale);
    }

    private string Phase(string phase)
    {
        var phases = _stack.Incident?.Phases.ConvertAll(known => known.Name) ?? [];
        return phases.Find(known => known.Equals(phase, StringComparison.OrdinalIgnoreCase)) ?? throw IncidentErrors.PhaseUnknown(_stack.Name, phase, phases);
    }

    // Clocks of two machines differ a little.
    private void RequirePast(DateTime? time)
    {
        if (time > Now.AddMinutes(1))
        {
            throw IncidentErrors.TimeInFuture(time.Value);
        }
    }
}
