using OpsRunbook.Engine.Endpoints;

namespace OpsRunbook.Engine.Health;

/// <summary>Turns failures into results of a check.</summary>
internal static class CheckResults
{
    // What a result quotes of another system's answer.
    private const int QuoteLength = 80;

    /// <summary>
    /// The result of a check that failed. An endpoint that does not answer is Critical; a host that cannot be
    /// reached, a secret that cannot be read or a manager that cannot be asked leaves the state Unknown.
    /// </summary>
    public static CheckResult From(string name, OpsException error, string? target = null) => new()
    {
        Name = name,
        Status = CheckFailure.Status(error),
        Message = error.Message,
        Reason = error.Id,
        Target = target ?? error.Target?.ToString(),
    };

    /// <summary>A check that could not be made.</summary>
    public static CheckResult Unknown(string name, string reason, string message, string? target = null) =>
        new() { Name = name, Status = HealthStatus.Unknown, Message = message, Reason = reason, Target = target };

    /// <summary>Text of another system as a message may hold it: short, on one line, harmless in a terminal.</summary>
    public static string Short(string text) => Display.Text(text.Length > QuoteLength ? text[..QuoteLength] + "…" : text);

    /// <summary>The same in quotes.</summary>
    public static string Quote(string text) => $"\"{Short(text)}\"";
}
