namespace OpsRunbook.Engine.Services;

/// <summary>How draining a service went.</summary>
/// <param name="IsQuiet">It had no connections any more for as long as was wanted.</param>
/// <param name="Message">What was done and how long it took, or what was still running, as a sentence.</param>
public sealed record DrainReport(bool IsQuiet, string Message);
