namespace OpsRunbook;

/// <summary>
/// Failed logins from one source address to one account of one service. The account is what somebody typed, and may hold anything;
/// show it through <see cref="Display.Text"/>.
/// </summary>
public sealed class LoginFailure
{
    /// <summary>Address they came from; null when the log does not say it beyond doubt, or they were counted by account.</summary>
    public string? Address { get; init; }

    /// <summary>Account that was tried; null when the log does not say it, or they were counted by address.</summary>
    public string? Account { get; init; }

    /// <summary>Number of failed attempts.</summary>
    public required long Count { get; init; }

    /// <summary>Number of different accounts that were tried from there; 1 when they were counted by account.</summary>
    public long Accounts { get; init; } = 1;

    /// <summary>The first of them, UTC; null when none has a time.</summary>
    public DateTime? First { get; init; }

    /// <summary>The last of them, UTC; null when none has a time.</summary>
    public DateTime? Last { get; init; }

    /// <summary>Time from the first to the last; zero for a single one.</summary>
    public TimeSpan Window => Last - First ?? TimeSpan.Zero;

    /// <summary>What they tried to log in to: <c>sshd</c>, or the member of the stack.</summary>
    public string Service { get; init; } = string.Empty;

    /// <summary>Host of the service: the stack's name for it, or <c>local</c>.</summary>
    public string Host { get; init; } = "local";

    /// <summary>The last of the messages, as it was logged.</summary>
    public string Example { get; init; } = string.Empty;

    /// <inheritdoc/>
    public override string ToString() => $"{Count} × {Address ?? "unknown address"} → {Account ?? "*"} ({Service})";
}
