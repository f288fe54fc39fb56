namespace OpsRunbook;

/// <summary>A channel for announcements to users and colleagues.</summary>
public sealed class StackAnnounceChannel
{
    /// <summary>How it is sent.</summary>
    [StackRequired]
    public AnnounceKind Kind { get; set; }

    /// <summary>Address to post to; most webhooks are secrets themselves. Null where the kind needs none.</summary>
    public SecretReference? Url { get; set; }

    /// <summary>Bot token or bearer token; null for none.</summary>
    public SecretReference? Token { get; set; }

    /// <summary>Channel, chat or room; null for the webhook's own.</summary>
    public string? Channel { get; set; }

    /// <summary>Mail addresses of the recipients.</summary>
    public List<string> To { get; set; } = [];

    /// <summary>Mail address of the sender; null for the user's own.</summary>
    public string? From { get; set; }

    /// <summary>Mail server; null for <c>localhost</c>.</summary>
    public string? Server { get; set; }

    /// <summary>Port of the mail server; null for 25, or 587 with a user.</summary>
    [StackValue(Minimum = 1, Maximum = 65535)]
    public int? Port { get; set; }

    /// <summary>User of the mail server; null for none.</summary>
    public string? User { get; set; }

    /// <summary>Password of the mail server; null for none.</summary>
    public SecretReference? Password { get; set; }

    /// <summary>Command as an argument vector; null for the other kinds.</summary>
    [StackValue(Form = StackForm.Arguments)]
    public List<string>? Command { get; set; }

    /// <summary>What it is used for: <c>incident</c>, <c>maintenance</c>; empty for both.</summary>
    [StackValue(OneOf = new[] { "incident", "maintenance" })]
    public List<string> Use { get; set; } = [];
}
