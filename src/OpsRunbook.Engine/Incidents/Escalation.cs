namespace OpsRunbook.Engine.Incidents;

/// <summary>Whom to call, by severity and the time since the start of an incident.</summary>
public static class Escalation
{
    /// <summary>The contacts of a severity: those that are due, those that follow, and those of the immediate rules.</summary>
    /// <param name="stack">The stack.</param>
    /// <param name="severity">Severity of the stack's own scale.</param>
    /// <param name="started">Start of the incident, local time of whoever is on call.</param>
    /// <param name="now">The moment to judge, of the same clock.</param>
    /// <returns>The contacts in the order in which they are called, then the immediate rules.</returns>
    /// <exception cref="OpsException"><c>Escalation.NotConfigured</c>, <c>Escalation.SeverityUnknown</c>.</exception>
    public static IReadOnlyList<EscalationContact> For(OpsStack stack, string severity, DateTimeOffset started, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(stack);
        var policy = stack.Escalation ?? throw new OpsException(
            "Escalation.NotConfigured", OpsErrorKind.NotFound, $"The stack '{stack.Name}' does not say whom to call.", "Write contacts and escalation into the stack file; docs/stack-file.md explains them.", stack.Name);
        var scale = stack.Severities.Keys.Concat(policy.Matrix.Keys).Distinct(StringComparer.OrdinalIgnoreCase).ToList();
        var known = scale.Find(name => name.Equals(severity, StringComparison.OrdinalIgnoreCase))
            ?? throw new OpsException("Escalation.SeverityUnknown", OpsErrorKind.NotFound, $"The stack '{stack.Name}' has no severity '{severity}'.", Nearest.Suggest(severity, scale), severity);

        // A clock that was set back must not give a negative time.
        var elapsed = now > started ? now - started : TimeSpan.Zero;
        var rotation = policy.Rotation is { Weeks.Count: > 0 } weeks ? OnCallRotation.On(weeks, DateOnly.FromDateTime(now.DateTime)) : default((string, string?)?);
        var steps = Steps(policy, known, started).OrderBy(step => step.After).ToList();
        return
        [
            .. steps.SelectMany(step => step.Contacts.Select(contact => Contact(
                contact, step.After <= elapsed ? EscalationState.Due : EscalationState.Later, step.After, step.After > elapsed ? step.After - elapsed : TimeSpan.Zero, step.Because))),
            .. policy.Immediate.SelectMany(rule => rule.Notify.Select(contact => Contact(contact, EscalationState.Immediate, null, null, rule.When))),
        ];

        EscalationContact Contact(string key, EscalationState state, TimeSpan? after, TimeSpan? dueIn, string because)
        {
            var who = key switch
            {
                "primary" when rotation is { } week => week.Item1,
                "secondary" when rotation is { Item2: { } second } => second,
                _ => key,
            };
            var contact = stack.Contacts.GetValueOrDefault(who);
            return new EscalationContact
            {
                State = state,
                DueIn = dueIn,
                After = after,
                Contact = who,
                Role = contact?.Role ?? string.Empty,
                Name = contact?.Name ?? string.Empty,
                Phone = contact?.Phone ?? string.Empty,
                Email = contact?.Email ?? string.Empty,
                Via = contact?.Via ?? contact?.Url ?? (who == key && key is "primary" or "secondary" ? policy.OnCall ?? string.Empty : string.Empty),
                Because = who == key ? because : $"{because} ({key})",
                Severity = known,
            };
        }
    }

    // Without a line of the matrix it is the levels, which every severity has in common.
    private static IEnumerable<(TimeSpan After, IReadOnlyList<string> Contacts, string Because)> Steps(StackEscalation policy, string severity, DateTimeOffset started)
    {
        var matrix = policy.Matrix.FirstOrDefault(row => row.Key.Equals(severity, StringComparison.OrdinalIgnoreCase)).Value;
        return matrix is null
            ? policy.Levels.Where((level, index) => index == 0 || level.After is not null)
                .Select(level => (level.After ?? TimeSpan.Zero, (IReadOnlyList<string>)level.Contacts, level.Unless is { } unless ? $"{level.Name}, without {unless}" : level.Name))
            : matrix.Select(step =>
            {
                var after = step.NextBusinessDay ? NextBusinessDay(started + step.After) - started : step.After;
                return (after, (IReadOnlyList<string>)step.Notify, step.NextBusinessDay ? $"{severity}, next business day" : $"{severity} after {Duration.Format(step.After)}");
            });
    }

    private static DateTimeOffset NextBusinessDay(DateTimeOffset moment)
    {
        var day = new DateTimeOffset(moment.Date, moment.Offset).AddDays(1);
        while (day.DayOfWeek is DayOfWeek.Saturday or DayOfWeek.Sunday)
        {
            day = day.AddDays(1);
        }

        return day;
    }
}
