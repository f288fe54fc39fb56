using System.Globalization;
using System.Security.Cryptography;
using OpsRunbook.Engine.State;

namespace OpsRunbook.Engine.Safety;

/// <summary>
/// The one road by which anything is changed: guards first, then the plan (<c>-WhatIf</c>) or the question
/// (<c>-Confirm</c>), a record before, the work, and a record of how it ended. One runner serves one command.
/// </summary>
public sealed class ChangeRunner
{
    // What is left to do when the operator has pressed Ctrl+C may not hold the prompt back.
    private static readonly TimeSpan LastRecordLimit = TimeSpan.FromSeconds(2);

    private readonly IOperationOutput _output;
    private readonly IJournal _journal;
    private readonly ChangeOrigin _origin;
    private readonly IStateStore? _state;
    private readonly List<string> _overridden = [];

    // What a full disk did not take, in the order in which it happened.
    private readonly List<JournalRecord> _late = [];
    private int _steps;

    /// <summary>Prepares for the changes of one command.</summary>
    /// <param name="output">Takes plans, questions and warnings.</param>
    /// <param name="journal">Takes the records.</param>
    /// <param name="origin">Who wants the changes.</param>
    /// <exception cref="OpsException"><c>Guard.ReasonMissing</c>: forced without a reason.</exception>
    public ChangeRunner(IOperationOutput output, IJournal journal, ChangeOrigin origin)
    {
        ArgumentNullException.ThrowIfNull(origin);
        if (origin.Force && string.IsNullOrWhiteSpace(origin.Reason))
        {
            throw new OpsException(
                "Guard.ReasonMissing",
                OpsErrorKind.InvalidArgument,
                "-Force overrides guards, which is recorded together with a reason, and there is none.",
                "Add -Reason 'why it must be done all the same'.");
        }

        _output = output;
        _journal = journal;
        _origin = origin;
    }

    /// <summary>Prepares for the changes of one command, which belong to the incident and maintenance window of the stack that are open.</summary>
    /// <param name="output">Takes plans, questions and warnings.</param>
    /// <param name="state">Takes the records, and knows what is open.</param>
    /// <param name="origin">Who wants the changes.</param>
    /// <exception cref="OpsException"><c>Guard.ReasonMissing</c>: forced without a reason.</exception>
    public ChangeRunner(IOperationOutput output, IStateStore state, ChangeOrigin origin)
        : this(output, (state ?? throw new ArgumentNullException(nameof(state))).Journal, origin) => _state = state;

    /// <summary>The same road for an operation that is a part of this command and has an output of its own.</summary>
    /// <param name="output">Takes its plans, questions and warnings.</param>
    /// <returns>A runner for it.</returns>
    internal ChangeRunner Within(IOperationOutput output) => _state is null ? new ChangeRunner(output, _journal, _origin) : new ChangeRunner(output, _state, _origin);

    /// <summary>Nothing is changed; only plans are emitted.</summary>
    public bool IsWhatIf => _output.IsWhatIf;

    /// <summary>A condition without which the change is not safe. Overridden by <c>-Force</c>, which is said and recorded.</summary>
    /// <param name="guard">Stable name of the guard: <c>Drain</c>, <c>ProtectedKey</c>. The error's id is <c>Guard.NAME</c>.</param>
    /// <param name="satisfied">The condition holds.</param>
    /// <param name="refusal">What is not safe and why, as a sentence.</param>
    /// <param name="remedy">What would satisfy the guard, as a sentence.</param>
    /// <param name="target">What it is about; null for nothing in particular.</param>
    /// <exception cref="OpsException"><c>Guard.NAME</c>.</exception>
    public void Require(string guard, bool satisfied, string refusal, string remedy, object? target = null)
    {
        if (satisfied)
        {
            return;
        }

        if (!_origin.Force)
        {
            throw new OpsException($"Guard.{guard}", OpsErrorKind.Refused, refusal, $"{remedy} -Force -Reason '…' overrides this guard and is recorded.", target);
        }

        lock (_overridden)
        {
            _overridden.Add(guard);
        }

        _output.Warning($"Guard '{guard}' is overridden: {refusal}");
    }

    /// <summary>Emits one step of the plan.</summary>
    /// <param name="action">What would be done.</param>
    /// <param name="target">To what.</param>
    /// <param name="host">On which host.</param>
    /// <param name="detail">How; never with a secret.</param>
    /// <param name="cancellationToken">Cancelled when the caller wants no more.</param>
    /// <returns>A task that ends when the step is taken.</returns>
    public ValueTask PlanAsync(string action, string target, string host, string detail, CancellationToken cancellationToken) => _output.WriteAsync(
        new OpsPlanStep
        {
            Order = Interlocked.Increment(ref _steps),
            Action = action,
            Target = target,
            Host = host,
            Detail = detail,
            Stack = _origin.Stack ?? string.Empty,
        },
        cancellationToken);

    /// <summary>Asks whether the change may be made. Always false under <c>-WhatIf</c>, without a word: the plan says it.</summary>
    /// <param name="change">The change.</param>
    /// <param name="cancellationToken">Cancelled when nobody will answer any more.</param>
    /// <returns>True when it may.</returns>
    public async Task<bool> ConfirmAsync(Change change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        return !IsWhatIf && await _output.ConfirmAsync($"{change.Target} on host {change.Host}", change.Action, cancellationToken);
    }

    /// <summary>Makes a change between two records. Without the first record nothing is done.</summary>
    /// <param name="change">The change, already confirmed.</param>
    /// <param name="work">Makes it.</param>
    /// <param name="judge">How it ended, by the result of the work.</param>
    /// <param name="cancellationToken">Given to the work.</param>
    /// <returns>The result of the work.</returns>
    /// <exception cref="OpsException"><c>Guard.Journal</c>, or what the work throws.</exception>
    public async Task<T> RunAsync<T>(Change change, Func<CancellationToken, Task<T>> work, Func<T, ChangeResult> judge, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        ArgumentNullException.ThrowIfNull(work);
        ArgumentNullException.ThrowIfNull(judge);
        if (IsWhatIf)
        {
            throw new InvalidOperationException($"'{change.Action}' was about to run under -WhatIf.");
        }

        var id = NewId();
        var open = await OpenWorkAsync(change, cancellationToken);
        await BeginAsync(id, change, open, cancellationToken);
        T result;
        try
        {
            result = await work(cancellationToken);
        }
        catch (Exception error)
        {
            var outcome = error is OpsException failure && !IsLost(failure) ? JournalOutcome.Failed : JournalOutcome.Unknown;
            await EndAsync(id, change, open, new ChangeResult(outcome, error is OperationCanceledException ? "interrupted" : error.Message));
            throw;
        }

        await EndAsync(id, change, open, judge(result));
        return result;
    }

    /// <summary>Ends the changes of the command: what a full disk kept from the journal is written now, or said to be missing.</summary>
    /// <returns>A task that ends with the last record.</returns>
    public async Task CompleteAsync()
    {
        if (_late.Count == 0)
        {
            return;
        }

        using var limit = new CancellationTokenSource(LastRecordLimit);
        try
        {
            await WriteLateAsync(limit.Token);
        }
        catch (Exception error) when (error is OpsException or OperationCanceledException)
        {
            var targets = string.Join(", ", _late.Select(record => record.Target).Distinct(StringComparer.Ordinal));
            _output.Warning($"{_late.Count} records of what was done are not in the journal, about: {targets}. {error.Message}");
        }
    }

    // Sorts by time; the rest tells apart what began in the same millisecond.
    private static string NewId() =>
        DateTime.UtcNow.ToString("yyyyMMdd'T'HHmmssfff'Z'", CultureInfo.InvariantCulture) + "-" + Convert.ToHexString(RandomNumberGenerator.GetBytes(4)).ToLowerInvariant();

    // The command may have been carried out although its answer was lost.
    private static bool IsLost(OpsException error) => error.Kind is OpsErrorKind.Connection or OpsErrorKind.Timeout;

    // Without it the change would be missing from the timeline that people rely on.
    private async Task<OpenWork> OpenWorkAsync(Change change, CancellationToken cancellationToken)
    {
        try
        {
            return _state is null || _origin.Stack is null ? OpenWork.None : await OpenWork.ReadAsync(_state, _origin.Stack, cancellationToken);
        }
        catch (OpsException error)
        {
            Require(
                "State", satisfied: false, $"Whether '{change.Action}' on {change.Target} belongs to an incident or a maintenance window cannot be found out. {error.Message}", error.NextStep ?? string.Empty, change.Target);
            return OpenWork.None;
        }
    }

    private async Task BeginAsync(string id, Change change, OpenWork open, CancellationToken cancellationToken)
    {
        var record = Record(id, change, open, JournalPhase.Started, null);
        try
        {
            await WriteLateAsync(cancellationToken);
            await _journal.AppendAsync(record, cancellationToken);
        }
        catch (OpsException error) when (change.MakesRoom && IsFull(error))
        {
            if (_late.Count == 0)
            {
                _output.Warning($"'{change.Action}' on {change.Target} is done first and recorded afterwards, because the disk of the journal is full. {error.Message}");
            }

            _late.Add(record);
        }
        catch (OpsException error)
        {
            Require("Journal", satisfied: false, $"'{change.Action}' on {change.Target} would leave no record. {error.Message}", error.NextStep ?? string.Empty, change.Target);
        }
    }

    private async Task EndAsync(string id, Change change, OpenWork open, ChangeResult result)
    {
        using var limit = new CancellationTokenSource(LastRecordLimit);
        var record = Record(id, change, open, JournalPhase.Ended, result);
        try
        {
            await WriteLateAsync(limit.Token);
            await _journal.AppendAsync(record, limit.Token);
        }
        catch (OpsException error) when (change.MakesRoom && IsFull(error))
        {
            _late.Add(record);
        }
        catch (Exception error) when (error is OpsException or OperationCanceledException)
        {
            _output.Warning($"The outcome of '{change.Action}' on {change.Target} ({result.Outcome}) could not be recorded: {error.Message}");
        }
    }

    private async Task WriteLateAsync(CancellationToken cancellationToken)
    {
        while (_late.Count > 0)
        {
            await _journal.AppendAsync(_late[0], cancellationToken);
            _late.RemoveAt(0);
        }
    }

    // No space on the device, or the quota is used up.
    private static bool IsFull(OpsException error) => error.InnerException is IOException { HResult: 28 or 122 };

    private JournalRecord Record(string id, Change change, OpenWork open, JournalPhase phase, ChangeResult? result)
    {
        string[] overridden;
        lock (_overridden)
        {
            overridden = [.. _overridden.Distinct(StringComparer.Ordinal)];
        }

        return new JournalRecord
        {
            Time = DateTime.UtcNow,
            ChangeId = id,
            Phase = phase,
            Command = _origin.Command,
            Action = change.Action,
            Target = CommandRedactor.RedactAddresses(change.Target),
            Host = change.Host,
            Stack = _origin.Stack,
            Incident = open.Incident,
            Window = open.Window,
            User = Environment.UserName,
            Machine = Environment.MachineName,
            ProcessId = Environment.ProcessId,
            Outcome = result?.Outcome,
            Message = result?.Message is { } message ? CommandRedactor.RedactText(message) : null,
            Reason = _origin.Reason is { } reason ? CommandRedactor.RedactText(reason) : null,
            Overridden = overridden,
            Before = CommandRedactor.RedactValues(change.Before),
            After = CommandRedactor.RedactValues(result?.After ?? new Dictionary<string, string?>()),
        };
    }
}
