namespace OpsRunbook;

/// <summary>Somebody to call.</summary>
public sealed class EscalationContact
{
    /// <summary>Whether it is time.</summary>
    public required EscalationState State { get; init; }

    /// <summary>Time until the call; zero when it is due. Null for <see cref="EscalationState.Immediate"/>.</summary>
    public TimeSpan? DueIn { get; init; }

    /// <summary>Time since the start of the incident after which the call is due; null for <see cref="EscalationState.Immediate"/>.</summary>
    public TimeSpan? After { get; init; }

    /// <summary>Key of the contact in the stack, with <c>primary</c> and <c>secondary</c> replaced by who that is this week.</summary>
    public required string Contact { get; init; }

    /// <summary>Role; empty when the stack does not say.</summary>
    public string Role { get; init; } = string.Empty;

    /// <summary>Name; empty when the stack does not say.</summary>
    public string Name { get; init; } = string.Empty;

    /// <summary>Telephone number; empty for none.</summary>
    public string Phone { get; init; } = string.Empty;

    /// <summary>Mail address; empty for none.</summary>
    public string Email { get; init; } = string.Empty;

    /// <summary>Where else: pager, chat channel, address; empty for nowhere.</summary>
    public string Via { get; init; } = string.Empty;

    /// <summary>Why this contact: <c>P1 after 15m</c>, or the situation of an immediate rule.</summary>
    public required string Because { get; init; }

    /// <summary>Severity that was asked for.</summary>
    public required string Severity { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{State}: {Contact}";
}
