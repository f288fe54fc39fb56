namespace OpsRunbook.Engine.Maintenance;

/// <summary>Reads what came of the last action on a service.</summary>
internal static class ServiceSteps
{
    /// <summary>Judges it.</summary>
    /// <param name="context">What the step worked with.</param>
    /// <returns>Done, or skipped when there was nothing to do.</returns>
    /// <exception cref="OpsException">The service is not as it was wanted.</exception>
    public static StepResult Judge(WindowContext context)
    {
        var (items, errors) = context.Output.Take();
        if (errors.Count > 0)
        {
            throw errors[0];
        }

        var change = items.OfType<ServiceChange>().LastOrDefault();
        return change?.Outcome switch
        {
            ServiceOutcome.Done => StepResult.Done(change.Message),
            ServiceOutcome.Unchanged => StepResult.Skipped(change.Message),
            null => StepResult.Skipped(string.Empty),
            _ => throw new OpsException("Window.ServiceSkipped", OpsErrorKind.OperationFailed, $"'{change.Name}': {change.Message}.", $"See Get-OpsService {change.Name}.", change.Name),
        };
    }
}
