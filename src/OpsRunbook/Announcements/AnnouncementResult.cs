namespace OpsRunbook;

/// <summary>What became of an announcement on one channel.</summary>
public sealed class AnnouncementResult
{
    /// <summary>Healthy when the channel took it, Critical when it did not, Unknown when a person has to post it.</summary>
    public required HealthStatus Status { get; init; }

    /// <summary>Name of the channel in the stack.</summary>
    public required string Channel { get; init; }

    /// <summary>How it is sent.</summary>
    public required AnnounceKind Kind { get; init; }

    /// <summary>Attempts that were made.</summary>
    public required int Attempts { get; init; }

    /// <summary>Time for all attempts together.</summary>
    public required TimeSpan Took { get; init; }

    /// <summary>What there is to say, such as why it failed; never with an address that is a secret.</summary>
    public required string Message { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Channel}: {Message}";
}
