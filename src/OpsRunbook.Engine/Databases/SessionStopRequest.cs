namespace OpsRunbook.Engine.Databases;

/// <summary>How far to go to stop a session.</summary>
/// <param name="Terminate">End the connection where cancelling its statement is not possible or not enough.</param>
/// <param name="Force">End it whatever it does by then.</param>
/// <param name="Wait">How long a cancelled statement or an ended connection may take to go away.</param>
public sealed record SessionStopRequest(bool Terminate, bool Force, TimeSpan Wait);
