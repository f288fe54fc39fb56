namespace OpsRunbook.Engine.WebServer;

/// <summary>The marks of one kind that edits of nginx's configuration leave.</summary>
/// <param name="Area">First part of the ids of errors: <c>Drain</c>, <c>Maintenance</c>.</param>
/// <param name="Remove">Takes those of one owner out of a text, one character for each byte.</param>
internal sealed record NginxMarks(string Area, Func<string, string> Remove);
