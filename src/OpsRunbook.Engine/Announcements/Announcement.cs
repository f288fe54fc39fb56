namespace OpsRunbook.Engine.Announcements;

/// <summary>A text for people.</summary>
/// <param name="Subject">One line.</param>
/// <param name="Text">The text; lines end with a line feed.</param>
public sealed record Announcement(string Subject, string Text);
