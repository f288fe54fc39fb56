namespace OpsRunbook.Engine.Incidents;

/// <summary>The phases of the response with their due times.</summary>
internal static class IncidentPhases
{
    // What a milestone is called as a phase, in whichever form: acknowledge, acknowledgement, mitigation, resolve.
    private static readonly (string Stem, Func<IncidentContent, DateTime?> Reached)[] Milestones =
    [
        ("acknowledg", content => content.Acknowledged),
        ("identif", content => content.Identified),
        ("mitigat", content => content.Mitigated),
        ("resol", content => content.Ended),
    ];

    /// <summary>The phases of an incident.</summary>
    /// <param name="stack">The stack.</param>
    /// <param name="content">The incident.</param>
    /// <param name="now">The moment to judge, UTC.</param>
    /// <returns>The response that the severity asks for, then those of the stack in their order.</returns>
    public static IReadOnlyList<IncidentPhase> Of(OpsStack stack, IncidentContent content, DateTime now)
    {
        var phases = new List<IncidentPhase>();
        if (stack.Severities.TryGetValue(content.Severity, out var severity) && severity.Response is { } response)
        {
            phases.Add(Phase("response", TimeSpan.Zero, response, [], content.Acknowledged));
        }

        foreach (var phase in stack.Incident?.Phases ?? [])
        {
            phases.Add(Phase(phase.Name, phase.From ?? TimeSpan.Zero, phase.Until, phase.Tasks, Done(phase)));
        }

        return phases;

        // Whoever has ended an incident is through with all that came before the end.
        DateTime? Done(StackIncidentPhase phase) => content.Done.TryGetValue(phase.Name, out var said) ? said
            : Array.Find(Milestones, milestone => phase.Name.StartsWith(milestone.Stem, StringComparison.OrdinalIgnoreCase)).Reached?.Invoke(content)
            ?? (content.Ended is { } ended && phase.From is { } from && content.Started + from <= ended ? ended : null);

        IncidentPhase Phase(string name, TimeSpan from, TimeSpan? until, IReadOnlyList<string> tasks, DateTime? done)
        {
            var (begin, end) = (content.Started + from, content.Started + until);
            return new IncidentPhase
            {
                // At once still leaves a moment to do it in.
                State = done is not null ? IncidentPhaseState.Done
                    : end is { } limit && now > limit && now - content.Started > TimeSpan.FromMinutes(1) ? IncidentPhaseState.Overdue
                    : now >= begin || from == TimeSpan.Zero ? IncidentPhaseState.Due
                    : IncidentPhaseState.Later,
                Name = name,
                From = begin,
                Until = end,
                Done = done,
                Tasks = tasks,
            };
        }
    }
}
