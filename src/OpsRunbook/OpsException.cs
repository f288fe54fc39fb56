namespace OpsRunbook;

/// <summary>
/// A failure that names the thing, the cause and the next step. It becomes one PowerShell
/// <c>ErrorRecord</c>, or one line on standard error of the console runner. It never holds a secret.
/// </summary>
public sealed class OpsException : Exception
{
    /// <summary>Creates the failure.</summary>
    /// <param name="id">Stable identifier such as <c>Stack.KeyUnknown</c>; scripts match on it.</param>
    /// <param name="kind">What kind of failure it is.</param>
    /// <param name="message">What is wrong with which thing, and why.</param>
    /// <param name="nextStep">What the operator can do about it; null when there is nothing useful to say.</param>
    /// <param name="target">The host, service, database, certificate or file it is about; null when there is none.</param>
    /// <param name="innerException">The cause; null when there is none.</param>
    public OpsException(
        string id,
        OpsErrorKind kind,
        string message,
        string? nextStep = null,
        object? target = null,
        Exception? innerException = null)
        : base(message, innerException)
    {
        Id = id;
        Kind = kind;
        NextStep = nextStep;
        Target = target;
    }

    /// <summary>Stable identifier such as <c>Host.Unreachable</c>.</summary>
    public string Id { get; }

    /// <summary>What kind of failure it is.</summary>
    public OpsErrorKind Kind { get; }

    /// <summary>What to do next; null when there is nothing useful to say.</summary>
    public string? NextStep { get; }

    /// <summary>The thing the failure is about; null when there is none.</summary>
    public object? Target { get; }

    /// <summary>The message followed by the next step, as an operator reads it.</summary>
    public string FullMessage => NextStep is null ? Message : $"{Message} {NextStep}";
}
