namespace OpsRunbook;

/// <summary>How a log of an application tells a failed login.</summary>
public sealed class StackLoginFailure
{
    /// <summary>
    /// Regular expression for the message, with the named groups <c>address</c> and <c>account</c>. What a client typed may stand in
    /// the message, so it should be anchored: <c>^Login failed for (?&lt;account&gt;.*) from (?&lt;address&gt;\S+)$</c>.
    /// </summary>
    [StackRequired]
    public string Pattern { get; set; } = string.Empty;

    /// <summary>Field of the record that holds the address, used instead of the group; null for the group.</summary>
    public string? AddressField { get; set; }

    /// <summary>Field of the record that holds the account, used instead of the group; null for the group.</summary>
    public string? AccountField { get; set; }
}
