namespace OpsRunbook;

/// <summary>How an announcement is sent.</summary>
public enum AnnounceKind
{
    /// <summary>An HTTP POST of a JSON document.</summary>
    Webhook,

    /// <summary>An incoming webhook of Slack, or of a system that takes the same form.</summary>
    Slack,

    /// <summary>A webhook of Microsoft Teams, which takes a card.</summary>
    Teams,

    /// <summary>A message of a Telegram bot.</summary>
    Telegram,

    /// <summary>Mail.</summary>
    Smtp,

    /// <summary>A command that takes the text on standard input.</summary>
    Command,

    /// <summary>A person posts it; the operator is shown the text and the place.</summary>
    Manual,
}
