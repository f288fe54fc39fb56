namespace OpsRunbook;

/// <summary>A guard: a condition without which a change is refused, and how it stands now.</summary>
public sealed class OpsGuard
{
    /// <summary>
    /// <see cref="HealthStatus.Healthy"/> when it would let a change pass, <see cref="HealthStatus.Warning"/> when it would refuse one,
    /// <see cref="HealthStatus.Unknown"/> when that cannot be told now.
    /// </summary>
    public required HealthStatus Status { get; init; }

    /// <summary>Its name. A refusal has the error id <c>Guard.NAME</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Member of the stack that this line is about; empty for the whole stack, or for whatever a command is given.</summary>
    public required string Target { get; init; }

    /// <summary>How it stands, in a sentence.</summary>
    public required string Message { get; init; }

    /// <summary>What it is for, in a sentence.</summary>
    public required string Protects { get; init; }

    /// <summary>Cmdlets that ask it; empty for every one that changes something.</summary>
    public required IReadOnlyList<string> Commands { get; init; }

    /// <summary>It can be overridden with <c>-Force -Reason</c>.</summary>
    public required bool CanBeForced { get; init; }

    /// <summary>Name of the stack.</summary>
    public required string Stack { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Name} {Status}: {Message}";
}
