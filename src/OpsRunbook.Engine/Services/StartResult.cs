namespace OpsRunbook.Engine.Services;

/// <summary>How the wait for a started service ended.</summary>
/// <param name="Outcome"><see cref="ServiceOutcome.Done"/>, <see cref="ServiceOutcome.CrashLoop"/> or <see cref="ServiceOutcome.Failed"/>.</param>
/// <param name="Message">What was seen, as a sentence.</param>
/// <param name="Health">Its health at the end; null when it did not come so far.</param>
/// <param name="State">Its last state.</param>
/// <param name="Restarts">Restarts that the manager counted meanwhile; null when it does not count.</param>
internal sealed record StartResult(ServiceOutcome Outcome, string Message, ServiceHealth? Health, UnitState State, int? Restarts);
