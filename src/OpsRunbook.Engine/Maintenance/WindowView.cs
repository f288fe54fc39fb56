namespace OpsRunbook.Engine.Maintenance;

/// <summary>Shows windows as they are remembered.</summary>
internal static class WindowView
{
    /// <summary>A window as it is shown.</summary>
    /// <param name="window">The window.</param>
    /// <param name="begin">Begin of the time that is meant, UTC; null for its own.</param>
    /// <param name="settings">What the stack says about maintenance.</param>
    /// <param name="now">Now, UTC.</param>
    /// <param name="findings">What was found while the stack was watched.</param>
    /// <returns>The window.</returns>
    public static MaintenanceWindow Show(WindowDocument window, DateTime? begin, StackMaintenance? settings, DateTime now, IReadOnlyList<ServiceHealth>? findings = null)
    {
        var (from, until) = (begin ?? window.Begin, (begin ?? window.Begin) + window.Length);
        var (status, message) = Judge(window, from, until, now, findings ?? []);
        return new MaintenanceWindow
        {
            Status = status,
            State = window.State,
            Id = window.Id,
            Stack = window.Stack,
            Title = window.Title,
            Begin = from,
            End = until,
            Repeat = window.Repeat,
            TimeZone = window.TimeZone,
            OpenedAt = window.OpenedAt,
            ClosedAt = window.ClosedAt,
            Duration = window.OpenedAt is { } opened ? NotNegative((window.ClosedAt ?? now) - opened) : null,
            User = window.By.User,
            Machine = window.By.Machine,
            Message = message,
            Reason = window.Reason,
            Steps = [.. window.Opening.Concat(window.Closing).Select(Show)],
            Record = settings?.Record ?? [],
            ManualTests = settings?.ManualTests ?? [],
            Findings = findings ?? [],
        };
    }

    /// <summary>Where a window stands, and what to do next.</summary>
    /// <param name="window">The window, planned or open.</param>
    /// <param name="now">Now, UTC.</param>
    /// <returns>How bad it is, and a sentence.</returns>
    public static (HealthStatus Status, string Message) Judge(WindowDocument window, DateTime now) => Judge(window, window.Begin, window.End, now, []);

    private static (HealthStatus Status, string Message) Judge(WindowDocument window, DateTime begin, DateTime end, DateTime now, IReadOnlyList<ServiceHealth> findings)
    {
        var failed = window.Opening.Concat(window.Closing).Where(step => step.State == MaintenanceStepState.Failed).ToList();
        var steps = failed.Count == 0 ? string.Empty : $"; failed: {string.Join(", ", failed.Select(step => $"{step.Action} {step.Target}"))}";
        var running = window.Opening.Concat(window.Closing).LastOrDefault(step => step.State == MaintenanceStepState.Running);
        return window.State switch
        {
            MaintenanceWindowState.Planned when now >= end => (HealthStatus.Warning, "it was not begun at its time; Stop-MaintenanceWindow takes it off the list"),
            MaintenanceWindowState.Planned when now >= begin => (HealthStatus.Warning, $"it is due; Start-MaintenanceWindow -Id {window.Id} begins it"),
            MaintenanceWindowState.Planned => (HealthStatus.Healthy, $"begins in {Duration.Format(begin - now)}"),
            MaintenanceWindowState.Stopping when running is null && failed.Exists(step => window.Closing.Contains(step)) => (HealthStatus.Critical, $"not ended, visitors may be kept out{steps}; mend that and repeat Stop-MaintenanceWindow"),
            MaintenanceWindowState.Starting or MaintenanceWindowState.Stopping when window.IsInterrupted => (
                HealthStatus.Warning,
                $"interrupted; Stop-MaintenanceWindow {(window.State == MaintenanceWindowState.Starting ? "undoes what was done" : "finishes it")}{(running is null ? string.Empty : $"; it was at '{running.Action} {running.Target}'")}{steps}"),
            MaintenanceWindowState.Starting => (HealthStatus.Warning, $"being begun by {WindowTexts.Who(window)}"),
            MaintenanceWindowState.Stopping => (HealthStatus.Warning, $"being ended by {window.Worker.User} on {window.Worker.Machine}"),
            MaintenanceWindowState.Open when now > end => (
                HealthStatus.Warning, $"it has outlived its end by {Duration.Format(now - end)}; Stop-MaintenanceWindow ends it, Start-MaintenanceWindow -Extend gives it more time{steps}"),
            MaintenanceWindowState.Open => (failed.Count == 0 ? HealthStatus.Healthy : HealthStatus.Warning, $"open for another {Duration.Format(end - now)}{steps}"),
            MaintenanceWindowState.Closed when findings.Count > 0 => (HealthStatuses.Worst(findings.Select(finding => finding.Status)), $"ended; while watched, {HealthReading.Describe(findings)}{steps}"),
            MaintenanceWindowState.Closed => (failed.Count == 0 ? HealthStatus.Healthy : HealthStatus.Warning, $"ended{steps}"),
            MaintenanceWindowState.Undone => (HealthStatus.Warning, $"not begun, what was done is undone{steps}"),
            _ => (HealthStatus.Healthy, "cancelled"),
        };
    }

    private static MaintenanceStep Show(WindowStep step) => new()
    {
        Status = step.State switch
        {
            MaintenanceStepState.Failed => HealthStatus.Critical,
            MaintenanceStepState.Running => HealthStatus.Unknown,
            _ => HealthStatus.Healthy,
        },
        State = step.State,
        Action = step.Action,
        Target = step.Target,
        StartedAt = step.StartedAt,
        Took = step is { StartedAt: { } start, EndedAt: { } end } ? NotNegative(end - start) : null,
        Message = step.Message ?? string.Empty,
    };

    // A clock that was set back in between must not give a negative time.
    private static TimeSpan NotNegative(TimeSpan time) => time > TimeSpan.Zero ? time : TimeSpan.Zero;
}
