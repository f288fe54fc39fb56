namespace OpsRunbook.Engine.Safety;

/// <summary>Who wants a change.</summary>
/// <param name="Command">Cmdlet.</param>
/// <param name="Stack">Name of the stack; null when there is none.</param>
/// <param name="Reason">Reason that the operator gave; null when there is none.</param>
/// <param name="Force">Guards that refuse are overridden; needs a reason.</param>
public sealed record ChangeOrigin(string Command, string? Stack, string? Reason = null, bool Force = false);
