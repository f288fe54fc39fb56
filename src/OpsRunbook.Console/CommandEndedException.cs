namespace OpsRunbook.ConsoleRunner;

/// <summary>
/// Ends a command from within its sink, as PowerShell's own pipeline exceptions do. It counts as a
/// cancellation, so that the cmdlet's base class lets it pass.
/// </summary>
internal sealed class CommandEndedException : OperationCanceledException
{
    /// <summary>Ends the command because of a failure.</summary>
    /// <param name="error">What ends it.</param>
    public CommandEndedException(OpsException error)
        : base(error.Message, error) => Error = error;

    /// <summary>Ends the command because nobody reads its output any more.</summary>
    public CommandEndedException()
    {
    }

    /// <summary>What ended it; null when the reader of the output went away.</summary>
    public OpsException? Error { get; }
}
