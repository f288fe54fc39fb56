namespace OpsRunbook.Engine.Maintenance;

/// <summary>What is asked of the end of a window.</summary>
public sealed record CloseRequest
{
    /// <summary>Id of the window; null for the one that is open.</summary>
    public string? Id { get; init; }

    /// <summary>The operator has agreed to it already.</summary>
    public bool IsConfirmed { get; init; }

    /// <summary>The stack is watched for so long afterwards; null for as long as the stack file says, zero for not at all.</summary>
    public TimeSpan? Watch { get; init; }
}
